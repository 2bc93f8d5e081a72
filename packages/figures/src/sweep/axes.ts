// The settings in which configurations differ, as few as say it: what always changes together is one axis.
import type { Setting } from '../settings.ts';
import type { Axis } from './sweep.ts';

type Settings = ReadonlyMap<string, Setting>;

/** The arm of a study that a run belongs to. Whatever it decides needs no axis of its own. */
const VARIANT = 'variant';

/** Keys of a sampled space, and how their numbers were drawn. */
export type Drawn = ReadonlyMap<string, 'evenly' | 'by magnitude'>;

/** So many configurations may well have been chosen by hand. */
const FEW = 8;

/** Keys that are named for an axis; further ones that change with them are left out. */
const NAMED = 2;

/** An axis and where each configuration lies on it. */
export interface Placed {
  readonly axis: Axis;
  readonly at: readonly (Setting | undefined)[];
}

/**
 * The axes along which `configurations` differ, in the order of their keys, the study's variants first.
 * @param drawn keys whose values were drawn, each on its own, and whether evenly
 */
export function axesOf(configurations: readonly Settings[], drawn: Drawn = new Map()): Placed[] {
  const keys = [...new Set(configurations.flatMap((c) => [...c.keys()]))].filter(
    (key) => new Set(configurations.map((c) => c.get(key))).size > 1,
  );
  const first = keys.includes(VARIANT) ? [VARIANT] : [];
  const groups: { keys: string[]; parts: readonly number[] }[] = [];
  for (const key of [...first, ...keys.filter((k) => k !== VARIANT)]) {
    const parts = partition(configurations.map((c) => c.get(key)));
    const [top] = groups;
    if (top?.keys[0] === VARIANT && follows(parts, top.parts)) continue;
    // values that were drawn are all different without having to do with each other
    const isOwn = drawn.has(key) || (new Set(parts).size === parts.length && parts.length > FEW);
    const same = isOwn ? undefined : groups.find((g) => follows(parts, g.parts) && follows(g.parts, parts));
    if (same) same.keys.push(key);
    else groups.push({ keys: [key], parts });
  }
  const shorts = shortNames(groups.map((g) => g.keys[0] ?? ''));
  return groups.map((group, i) => placed(group.keys, configurations, shorts[i] ?? '', drawn));
}

function placed(keys: readonly string[], configurations: readonly Settings[], short: string, drawn: Drawn): Placed {
  const named = keys.slice(0, NAMED);
  const [only] = named;
  const at = configurations.map((c): Setting | undefined => {
    if (named.length === 1 && only !== undefined) return c.get(only);
    return named.map((k) => written(c.get(k) ?? null)).join(', ');
  });
  const values = [...new Set(at)].filter((v): v is Setting => v !== undefined);
  const numbers = values.filter((v): v is number => typeof v === 'number');
  const isNumeric = numbers.length === values.length;
  return {
    at,
    axis: {
      label: `${named.join(', ')}${keys.length > NAMED ? ' …' : ''}`,
      short: named.length === 1 ? short : named.map((k) => k.split('.').at(-1) ?? k).join(', '),
      values: isNumeric ? numbers.sort((a, b) => a - b) : values,
      scale: !isNumeric ? 'ordinal' : only !== undefined && drawn.get(only) === 'evenly' ? 'linear' : scaleOf(numbers),
    },
  };
}

/** Logarithmic where numbers span close to a decade: by two for doublings, else by ten. */
function scaleOf(sorted: readonly number[]): Axis['scale'] {
  const [lo, hi] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  if (lo <= 0) return 'linear';
  const doubles = sorted.every((v) => Math.abs(Math.log2(v / lo) % 1) < 1e-9);
  if (doubles && hi / lo >= 4) return 'log2';
  return hi / lo >= 8 ? 'log10' : 'linear';
}

/** For each configuration, the number of its part: those that agree have the same. */
function partition(values: readonly unknown[]): number[] {
  const seen = new Map<unknown, number>();
  return values.map((value) => {
    const part = seen.get(value) ?? seen.size;
    seen.set(value, part);
    return part;
  });
}

/** Whether `parts` says nothing that `known` does not say. */
function follows(parts: readonly number[], known: readonly number[]): boolean {
  const told = new Map<number, number>();
  return parts.every((part, i) => {
    const k = known[i] ?? -1;
    const before = told.get(k) ?? part;
    told.set(k, part);
    return before === part;
  });
}

/** The last part of a dotted key, unless two have the same. */
function shortNames(keys: readonly string[]): string[] {
  const last = keys.map((key) => key.split('.').at(-1) ?? key);
  return keys.map((key, i) => (last.filter((l) => l === last[i]).length > 1 ? key : (last[i] ?? key)));
}

/** A setting in a table or a name. */
export function written(value: Setting | undefined): string {
  if (value === undefined || value === null) return value === null ? 'none' : 'unset';
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value);
}
