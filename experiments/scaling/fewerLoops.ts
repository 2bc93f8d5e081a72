// Writes data/fewer-loops.csv, the law fitted to the runs of at most so many loops, and data/iso-flop.csv, what that of at most four says
// about spending a budget. `node experiments/scaling/fewerLoops.ts`
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitLaw, goodness, isoFlop, type ScalingPoint } from '@looplab/analysis';
import { key } from '@looplab/core';
import { from, fromCSV } from 'arquero';

const data = join(import.meta.dirname, 'data');
const runs = fromCSV(readFileSync(join(data, 'scaling-runs.csv'), 'utf8')).objects() as ScalingPoint[]; // its columns
const loops = [...new Set(runs.map((r) => r.T))].sort((a, b) => a - b);

const lawOf = (some: ScalingPoint[]) => fitLaw(some, { key: key(0) });

const rows = loops.flatMap((most) => {
  const some = runs.filter((r) => r.T <= most);
  const law = lawOf(some);
  const exponents = law.terms.map((t) => [`exponent${t.variable}`, t.exponent]);
  return goodness(some, law, { key: key(0) }).map((fit) => ({
    loops: most,
    ...fit,
    E: law.E,
    ...Object.fromEntries(exponents),
  }));
});
write('fewer-loops', rows);

// The least, a middle and the largest budget of the runs of one loop, 6 N D.
const spent = runs.filter((r) => r.T === 1).map((r) => 6 * r.N * r.D);
const [least, most] = [Math.min(...spent), Math.max(...spent)];
const budgets = [least, Math.sqrt(least * most), most];
const sizes = runs.map((r) => r.N);
write(
  'iso-flop',
  isoFlop(lawOf(runs.filter((r) => r.T <= 4)), {
    budgets,
    loops: [1],
    sizes: [Math.min(...sizes) / 4, Math.max(...sizes) * 4],
  }),
);

/** Numbers to six digits; of columns that some rows lack, empty cells. */
function write(name: string, table: readonly object[]): void {
  const columns = Object.keys(table.at(-1) ?? {});
  const short = (x: unknown): unknown => (typeof x === 'number' && !Number.isInteger(x) ? Number(x.toPrecision(6)) : x);
  const whole = table.map((row) =>
    Object.fromEntries(columns.map((c) => [c, short((row as Record<string, unknown>)[c])])),
  );
  writeFileSync(join(data, `${name}.csv`), from(whole).toCSV());
}
