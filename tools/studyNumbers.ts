// Writes what a study's README states: its summary with the claim's verdict, and numbers with intervals from its tables.
//   node tools/studyNumbers.ts depth                     experiments/depth/data/{numbers,comparisons}.csv, as numbers.ts says
//   node tools/studyNumbers.ts depth results/depth       first copies results/depth/summary.json, its claim judged anew
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Table } from '@looplab/analysis';
import type { ClaimOf } from '@looplab/cli';
import type { StudySummary } from '@looplab/train';
import { from, fromCSV } from 'arquero';
import { type NumbersOf, numbersOf } from '../experiments/numbers.ts';

const [name, results] = process.argv.slice(2);
const folder = join(import.meta.dirname, '..', 'experiments', name ?? '');
if (name === undefined || !existsSync(join(folder, 'study.ts')))
  throw new Error(`there is no study '${name ?? ''}'; usage: node tools/studyNumbers.ts STUDY [RESULTS]`);

if (results !== undefined) {
  const summary = JSON.parse(readFileSync(join(results, 'summary.json'), 'utf8')) as StudySummary; // written by runStudy
  const { claim } = (await load('study.ts')) as { claim?: ClaimOf };
  write('summary.json', `${JSON.stringify({ ...summary, ...(claim ? { claim: claim(summary) } : {}) }, null, 2)}\n`);
}
if (existsSync(join(folder, 'numbers.ts'))) {
  const { default: specs } = (await load('numbers.ts')) as { default: readonly NumbersOf[] };
  const fileOf = (table: string): string => join(folder, table === 'summary' ? 'summary.json' : `data/${table}.csv`);
  const read = (table: string): Table =>
    table === 'summary' ? runsOf(fileOf(table)) : (fromCSV(readFileSync(fileOf(table), 'utf8')).objects() as Table); // cells as CSV has them
  const known = specs.filter(({ table }) => existsSync(fileOf(table)));
  for (const table of new Set(specs.filter((s) => !known.includes(s)).map((s) => s.table)))
    process.stdout.write(`left out what is from ${table}, which is not there yet\n`);
  for (const [file, rows] of Object.entries(numbersOf(known, read)))
    if (rows.length > 0) write(join('data', `${file}.csv`), from(rows.map(short)).toCSV());
}

function load(file: string): Promise<unknown> {
  return import(pathToFileURL(join(folder, file)).href);
}

/** One row a run: everything that is a single number or word. */
function runsOf(path: string): Table {
  const { runs } = JSON.parse(readFileSync(path, 'utf8')) as StudySummary; // written by runStudy
  const single = (entry: [string, unknown]): boolean => typeof entry[1] !== 'object';
  return runs.map((run) => Object.fromEntries(Object.entries(run).filter(single)));
}

/** Numbers that are not whole, to six digits. */
function short(row: Table[number]): Table[number] {
  const cut = (x: unknown) => (typeof x === 'number' && !Number.isSafeInteger(x) ? Number(x.toPrecision(6)) : x);
  return Object.fromEntries(Object.entries(row).map(([k, v]) => [k, cut(v)])) as Table[number]; // the same cells
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
  process.stdout.write(`wrote experiments/${name}/${file}\n`);
}
