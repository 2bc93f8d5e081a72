// Writes data/fewer-loops.csv: the law fitted to the runs of at most so many loops. `node experiments/scaling/fewerLoops.ts`
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitLaw, goodness, type ScalingPoint } from '@looplab/analysis';
import { key } from '@looplab/core';
import { from, fromCSV } from 'arquero';

const data = join(import.meta.dirname, 'data');
const runs = fromCSV(readFileSync(join(data, 'scaling-runs.csv'), 'utf8')).objects() as ScalingPoint[]; // its columns
const loops = [...new Set(runs.map((r) => r.T))].sort((a, b) => a - b);

const rows = loops.flatMap((most) => {
  const some = runs.filter((r) => r.T <= most);
  const law = fitLaw(some, { key: key(0) });
  const exponents = law.terms.map((t) => [`exponent${t.variable}`, t.exponent]);
  return goodness(some, law, { key: key(0) }).map((fit) => ({
    loops: most,
    ...fit,
    E: law.E,
    ...Object.fromEntries(exponents),
  }));
});
const columns = Object.keys(rows.at(-1) ?? {});
const short = (x: unknown): unknown => (typeof x === 'number' && !Number.isInteger(x) ? Number(x.toPrecision(6)) : x);
const whole = rows.map((row) =>
  Object.fromEntries(columns.map((c) => [c, short((row as Record<string, unknown>)[c])])),
);
writeFileSync(join(data, 'fewer-loops.csv'), from(whole).toCSV());
