// Groups runs that differ in the seed alone, and names the groups so that a reader can tell them apart.
import { FiguresError, type Run } from './run.ts';
import { cosmetic, settingsOf } from './settings.ts';

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
    const flat = compared(run.config);
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

/** What a figure compares of a configuration, as text by key, sorted. */
function compared(config: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = [...settingsOf(config)].filter(([key]) => !cosmetic.has(key));
  return new Map(
    found.map(([key, value]): [string, string] => [key, String(value)]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
