// It learns: a task of a minute, clearly above chance.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useDevice } from '@looplab/engine';
import { type Callback, CancelledError, trainRun } from '@looplab/train';
import type { Check } from '../checks.ts';
import { runOptions } from './reproducible.ts';

/** Held-out accuracy must come this far up from chance to 1. */
const SHARE = 0.4;

/** Updates at most; most strategies need the first hundred. */
const STEPS = 1200;

/** The strategy's first stage with its objective, until it is good enough or the updates are used up. */
export const learns: Check = {
  name: 'learns',
  claim: 'gets at least 40% of the way from chance to perfect on words of five elements of S3',
  run: async (s) => {
    const dir = mkdtempSync(join(tmpdir(), 'looplab-learns-'));
    const wanted = s.task.chance + SHARE * (1 - s.task.chance);
    const enough = new AbortController();
    let accuracy = 0;
    const stop: Callback = {
      name: 'stop',
      onEval: (evaluation) => {
        accuracy = evaluation.accuracy;
        if (accuracy >= wanted) enough.abort();
      },
    };
    await useDevice({ kind: 'onnx', threads: 1 });
    try {
      const base = runOptions(s, join(dir, 'run'));
      await trainRun({
        ...base,
        model: { ...base.model, dModel: 32, heads: 2, dFF: 64, initStd: 0.05 },
        stages: s.strategy.stages.slice(0, 1),
        train: { steps: STEPS, batch: 64, lr: 5e-3, warmup: 10, schedule: 'constant', evalEvery: 100, evalBatches: 2 },
        callbacks: [stop],
        signal: enough.signal,
      });
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    } finally {
      await useDevice({ kind: 'cpu' });
      rmSync(dir, { recursive: true, force: true });
    }
    if (accuracy < wanted)
      throw new Error(`held-out accuracy ${accuracy.toFixed(3)} after ${STEPS} updates, wanted ${wanted.toFixed(3)}`);
  },
};
