// A study whose runs are carried out by fakeRun.mjs, and what its ledger says about them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plain } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';

export const fakeStudy = defineStudy({
  name: 'fake',
  task: groupWords({ group: 'Z2', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, dFF: 8 },
  strategy: plain(),
  objective: lastLoop(),
  train: { steps: 20, batch: 4, lr: 0.01, weightDecay: 0, evalEvery: 2 },
});

/** Command that carries out a task. */
export const fakeWorker = [process.execPath, join(import.meta.dirname, 'fakeRun.mjs')];

/** A line of the ledger. */
export interface LedgerLine {
  readonly run: string;
  /** The step that was made, or `finished`. */
  readonly what: number | 'finished';
}

/** What runs did, in order. */
export function ledger(results: string): LedgerLine[] {
  const path = join(results, 'fake', 'ledger.txt');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [run = '', what = ''] = line.split(' ');
      return { run, what: what === 'finished' ? what : Number(what) };
    });
}
