// It learns: a task of a minute, clearly above chance.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useDevice } from '@looplab/engine';
import { trainRun } from '@looplab/train';
import type { Check } from '../checks.ts';
import { runOptions } from './reproducible.ts';

/** Held-out accuracy must be this far up from chance to 1. */
const SHARE = 0.4;

/** The strategy's own stages and objective on short words over three elements. */
export const learns: Check = {
  name: 'learns',
  claim: 'gets at least 40% of the way from chance to perfect on words of five elements of S3',
  run: async (s) => {
    const dir = mkdtempSync(join(tmpdir(), 'looplab-learns-'));
    await useDevice({ kind: 'onnx', threads: 1 });
    try {
      const model = { ...s.config, dModel: 32, heads: 2, dFF: 64, initStd: 0.05 };
      const base = runOptions(s, join(dir, 'run'));
      const { evaluation } = await trainRun({
        ...base,
        model,
        train: { steps: 150, batch: 64, lr: 5e-3, warmup: 10, evalEvery: 150, evalBatches: 4, checkpointEvery: 150 },
      });
      const { chance } = s.task;
      if (!(evaluation.accuracy >= chance + SHARE * (1 - chance)))
        throw new Error(
          `held-out accuracy ${evaluation.accuracy.toFixed(3)} after 150 updates; chance is ${chance.toFixed(3)}`,
        );
    } finally {
      await useDevice({ kind: 'cpu' });
      rmSync(dir, { recursive: true, force: true });
    }
  },
};
