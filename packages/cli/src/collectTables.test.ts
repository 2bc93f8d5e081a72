// Collected tables hold every run's rows once, told apart by variant and seed; a law of the whole folder is not repeated.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnalysisRecord, Run } from '@looplab/figures';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertOnce, collectTables } from './collectTables.ts';
import { sweepOf, writerFor } from './companions.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'looplab-collect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(variant: string, seed: number, accuracyPerLoop: readonly number[]): Run {
  return {
    ...{ dir: join(folder, variant), id: variant, study: 's', strategy: 'loopLM', objective: 'o', task: 'mano', seed },
    ...{ loops: accuracyPerLoop.length, params: 10, state: 'finished', config: { variant }, manifest: {}, train: [] },
    evals: [
      {
        ...{ step: 5, accuracy: 1 / 3, loss: 1, accuracyPerLoop, lossPerLoop: accuracyPerLoop.map(() => 1) },
        exitDistribution: [],
      },
    ],
    torn: false,
  };
}

function record(id: string, rows: AnalysisRecord['tables'][string]): AnalysisRecord {
  return { id, title: id, columns: {}, tables: { t: rows, lens: [{ token: 'x' }] }, notes: [] };
}

describe('assertOnce', () => {
  it('refuses a run that was trained twice', () => {
    const [a, b] = [run('a', 0, [1]), { ...run('a', 0, [1]), id: 'again' }];
    expect(() => assertOnce([a, run('a', 1, [1]), run('b', 0, [1])])).not.toThrow();
    expect(() => assertOnce([a, b])).toThrow('runs a and again are one run, a seed 0, trained twice');
  });
});

describe('collectTables', () => {
  it('writes a row for each run, evaluation and loop, and the tables that were asked for', () => {
    const own = (x: number) => [record('depth', [{ x }]), record('geometry', [{ x }]), record('scaling', [{ x: 7 }])];
    collectTables(
      folder,
      [
        { run: run('a', 0, [1 / 3, 2 / 3]), records: own(1) },
        { run: run('b', 1, [0.5]), records: own(2) },
      ],
      ['geometry', 'scaling'],
    );
    const names = ['geometry-t', 'loops', 'runs', 'scaling-lens', 'scaling-t'];
    expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.csv`));
    const [head, first] = readFileSync(join(folder, 'runs.csv'), 'utf8').split('\n');
    expect(head).toMatch(/^run,variant,seed,strategy,.*,step,accuracy,loss,.*,commit,code$/);
    expect(first).toMatch(/^[^,]+,a,0,/);
    expect(readFileSync(join(folder, 'geometry-t.csv'), 'utf8')).toBe('variant,seed,x\na,0,1\nb,1,2\n');
    expect(readFileSync(join(folder, 'scaling-t.csv'), 'utf8')).toBe('x\n7\n');
    expect(readFileSync(join(folder, 'loops.csv'), 'utf8').split('\n')).toEqual([
      'variant,seed,step,loop,loops,accuracy,loss,exit,last',
      'a,0,5,1,2,0.333333,1,,true',
      'a,0,5,2,2,0.666667,1,,true',
      'b,1,5,1,1,0.5,1,,true',
      '',
    ]);
  });
});

describe('what goes with a run', () => {
  it('is no sweep where there is one run, nor a point without tokens', () => {
    expect(sweepOf([run('a', 0, [0.5])])).toBeUndefined();
    expect(sweepOf([run('a', 0, [0.5]), run('b', 0, [0.5])])).toEqual([]);
  });

  it('is a writer of its own seed, or an error that says which there are', () => {
    const task = { name: 'mano' };
    const loaded = { seed: 2, task } as Parameters<typeof writerFor>[0]; // nothing else is read before a writer is found
    expect(() => writerFor(loaded, [run('a', 2, [1])], 'last')).toThrow('none of the runs given as --writer');
    const writers = [0, 1].map((seed) => ({ ...run('w', seed, [1]), task: 'withChain' }));
    expect(() => writerFor(loaded, writers, 'last')).toThrow(
      'no writing run has seed 2; there are those of seeds 0, 1',
    );
    expect(writerFor({ ...loaded, task: { ...loaded.task, name: 'withChain' } }, writers, 'last')).toBeUndefined();
  });
});
