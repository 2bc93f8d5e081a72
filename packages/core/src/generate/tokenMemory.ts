// What is kept of tokens for those after them: keys and values by slot, and what they showed in each step.
import { type Hosted, HostTensor, MASKED } from '@looplab/engine';
import type { PastView } from '../kv/cachedSession.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import type { Course } from './courses.ts';
import { type Flight, kindOf } from './flight.ts';
import { Kept } from './kept.ts';
import { KvCache, type Place } from './kvCache.ts';
import { LastTokens } from './lastTokens.ts';
import type { LayerRow, Written } from './layerRow.ts';
import { KEPT, type StepKind, slotsOf } from './stepKind.ts';

/** The only slot of prelude and coda. */
const ONLY = '0';

export class TokenMemory {
  readonly last = new LastTokens();
  readonly #policy: KvPolicy;
  readonly #stacks: Readonly<Record<string, StackShape>>;
  readonly #cache: KvCache;

  constructor(policy: KvPolicy, stacks: Readonly<Record<string, StackShape>>, rows: number, block: number) {
    this.#policy = policy;
    this.#stacks = stacks;
    this.#cache = new KvCache(rows, block);
    for (const stack of [PRELUDE, CODA]) {
      const shape = stacks[stack];
      if (shape) this.#cache.open(stack, shape, [ONLY]);
    }
  }

  /** Makes room for what a course writes. */
  open(course: Course): void {
    for (const core of new Set(course.plan.steps.map((k) => k.core)))
      this.#cache.open(key(course, core), this.#stacks[core] as StackShape, slotsOf(course.kinds, core)); // plans name declared cores
  }

  /** Makes room for so many tokens in each row, and says for how many there is. */
  reserve(tokens: number): number {
    this.#cache.reserve(tokens);
    return this.#cache.places;
  }

  /** Forgets all tokens; the room stays. */
  clear(): void {
    this.#cache.clear();
    this.last.clear();
  }

  /** What rows see of earlier tokens in prelude or coda; undefined if there are none, or no such stack. */
  once(stack: typeof PRELUDE | typeof CODA, rows: readonly Flight[]): Hosted<PastView> | undefined {
    if (!(stack in this.#stacks)) return undefined;
    const slots = rows.map(({ row }) => ({ row, slot: ONLY }));
    return this.#view(stack, rows, [{ slots, own: true }], undefined);
  }

  /** What each view of the rows' next step shows of the cache; rows are at steps of one kind. */
  views(rows: readonly Flight[]): Hosted<PastView>[] {
    const kinds = rows.map(kindOf);
    const [first] = rows as [Flight];
    const [{ k, views }] = kinds as [StepKind];
    return views.map(({ slots, window }, v) => {
      const parts = slots.map(({ own }, s) => ({
        slots: rows.map(({ row }, i) => ({ row, slot: kinds[i]?.views[v]?.slots[s]?.name as string })), // steps of one kind
        own,
      }));
      return this.#view(key(first.course, k.core), rows, parts, window) ?? { parts: [] };
    });
  }

  #view(
    stack: string,
    rows: readonly Flight[],
    parts: readonly { slots: readonly { row: number; slot: string }[]; own: boolean }[],
    window: number | undefined,
  ): Hosted<PastView> | undefined {
    const [{ seq, offset }] = rows as [Flight];
    const hide = (mask: Float32Array, f: Flight, own: boolean): void => {
      if (own) mask.fill(0, f.offset); // what the tokens at hand wrote there before is written anew
      if (seq === 1 && window !== undefined) mask.fill(0, 0, Math.max(0, f.offset + 1 - window));
    };
    const seen = parts
      .filter(({ own }) => !own || rows.some((f) => f.offset > 0))
      .map(({ own, slots }) => this.#cache.view(stack, slots, (mask, i) => hide(mask, rows[i] as Flight, own)));
    if (seen.length === 0) return undefined;
    if (seq === 1 || (window === undefined && parts.every((p) => p.own))) return { parts: seen };
    return { parts: seen, bias: placesBias(seq, offset, this.#cache.places, seen.length, window) };
  }

  /** Files what rows' tokens wrote in prelude or coda. */
  wroteOnce(stack: typeof PRELUDE | typeof CODA, at: Place, layers: readonly LayerRow[], keyMask?: HostTensor): void {
    this.#cache.write(stack, ONLY, at, layers, seen(undefined, keyMask, at.seq));
  }

  /** Files what a step of this kind wrote; `has` [seq] is left out where every token did. */
  wrote(f: Flight, kind: StepKind, layers: readonly LayerRow[], has: Float32Array | undefined): void {
    if (kind.write === null) return;
    const { core } = kind.k;
    const shows = seen(has, f.inputs.keyMask, f.seq);
    this.#cache.write(key(f.course, core), kind.write, f, layers, shows);
    f.latest.set(core, kind.write);
    this.#keep(f, core, { layers, has: shows });
  }

  /** What the tokens wrote last in the core of their next step. */
  latest(f: Flight): Written | undefined {
    const { core } = kindOf(f).k;
    const slot = f.latest.get(core);
    return slot === undefined ? undefined : this.#cache.read(key(f.course, core), slot, f);
  }

  /** The steps that are left of a flight will not be computed: their slots show what the policy lets them show. */
  finish(f: Flight): void {
    for (const { k, write } of f.course.kinds.slice(f.step)) {
      if (write === null) continue;
      const stack = key(f.course, k.core);
      const latest = this.#policy.missing === 'latest' ? f.latest.get(k.core) : undefined;
      if (latest === undefined) this.#cache.hide(stack, write, f);
      else if (latest !== write) this.#cache.copy(stack, latest, write, f);
      if (latest !== undefined && this.#policy.keep === 'mean')
        this.#keep(f, k.core, this.#cache.read(stack, latest, f));
    }
    if (this.#policy.keepPrompt && f.seq > 1) return; // a prompt: every slot stays
    for (const [core, { result }] of f.kept) {
      if (!result) continue;
      const slots = this.#policy.keepPrompt ? slotsOf(f.course.kinds, core) : [KEPT];
      for (const slot of slots) this.#cache.write(key(f.course, core), slot, f, result.layers, result.has);
    }
  }

  #keep(f: Flight, core: string, written: Written): void {
    const { keep } = this.#policy;
    if (!keep) return;
    const kept = f.kept.get(core) ?? new Kept(keep);
    f.kept.set(core, kept);
    kept.add(written);
  }
}

const key = (course: Course, core: string): string => `${course.trajectory}/${core}`;

/** [seq]: 1 where a token wrote and is no padding. */
function seen(has: Float32Array | undefined, keyMask: HostTensor | undefined, seq: number): Float32Array {
  const out = has ? has.slice() : new Float32Array(seq).fill(1);
  if (keyMask) for (let j = 0; j < seq; j++) out[j] = (out[j] as number) * (keyMask.data[j] as number); // [seq]
  return out;
}

/** [seq, parts * places]: 0 where the query at `offset + i` sees a place, else `MASKED`. */
function placesBias(
  seq: number,
  offset: number,
  places: number,
  parts: number,
  window: number | undefined,
): HostTensor {
  const columns = parts * places;
  const bias = new Float32Array(seq * columns).fill(MASKED);
  for (let i = 0; i < seq; i++) {
    const last = offset + i;
    const first = Math.max(0, last + 1 - (window ?? last + 1));
    for (let part = 0; part < parts; part++) {
      const at = i * columns + part * places;
      bias.fill(0, at + first, at + last + 1);
    }
  }
  return new HostTensor(bias, [seq, columns]);
}
