// Groups runs that differ in the seed alone, and names the groups so that a reader can tell them apart.
import { FiguresError, type Run } from './run.ts';

/** Runs of one configuration: one line in a chart. */
export interface Series {
  readonly label: string;
  readonly runs: readonly Run[];
  readonly loops: number;
}

/** How a figure names series; by default its variant, else strategy and `layers×loops`, as in `LoopLM 1×4`. */
export type LabelOf = (run: Run) => string;

/**
 * Series in drawing order: most loops first, then by label. Where two configurations would get the same label, what they differ in
 * is added: `LoopLM 1×4, objective.beta=0.1`.
 * @throws FiguresError where there are no runs
 */
export function seriesOf(runs: readonly Run[], labelOf: LabelOf = shortLabel): Series[] {
  if (runs.length === 0) throw new FiguresError('there are no runs to draw; read some with readRuns');
  const groups = new Map<string, { base: string; flat: Map<string, string>; runs: Run[] }>();
  for (const run of runs) {
    const flat = flatten(run.config);
    const id = JSON.stringify([labelOf(run), [...flat]]);
    const group = groups.get(id);
    if (group) group.runs.push(run);
    else groups.set(id, { base: labelOf(run), flat, runs: [run] });
  }
  const all = [...groups.values()];
  return all
    .map(({ base, flat, runs: members }): Series => {
      const rivals = all.filter((g) => g.base === base);
      const keys = [...new Set(rivals.flatMap((g) => [...g.flat.keys()]))].sort();
      const apart = keys.filter((k) => new Set(rivals.map((g) => g.flat.get(k))).size > 1);
      return {
        label: [base, ...apart.map((k) => `${k}=${flat.get(k) ?? 'unset'}`)].join(', '),
        runs: members,
        loops: Math.max(...members.map((run) => run.loops)),
      };
    })
    .sort((a, b) => b.loops - a.loops || (a.label < b.label ? -1 : 1));
}

function shortLabel(run: Run): string {
  const { variant } = run.config;
  if (typeof variant === 'string' && variant !== '') return variant;
  const name = run.strategy.charAt(0).toUpperCase() + run.strategy.slice(1);
  return run.layers === undefined ? name : `${name} ${run.layers}×${run.loops}`;
}

/** What changes nothing that a figure compares: seeds, names, how often something is written. */
const COSMETIC = new Set(
  ['seed', 'train.seed', 'study', 'study.name', 'variant'].concat([
    'train.logEvery',
    'train.checkpointEvery',
    'train.keepCheckpoints',
  ]),
);

/** A configuration as `path -> text`, sorted, without what is cosmetic. */
function flatten(config: Readonly<Record<string, unknown>>): Map<string, string> {
  const found: [string, string][] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [k, v] of Object.entries(value)) visit(v, path === '' ? k : `${path}.${k}`);
    } else if (!COSMETIC.has(path)) {
      found.push([path, String(value)]);
    }
  };
  visit(config, '');
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
