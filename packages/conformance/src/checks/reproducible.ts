// The same seed gives the same run, also when it was stopped in the middle.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectiveById } from '@looplab/objectives';
import { CancelledError, listCheckpoints, type TrainRunOptions, trainRun } from '@looplab/train';
import type { Check } from '../checks.ts';
import type { Subject } from '../subject.ts';

const STEPS = 6;

export const reproducible: Check = {
  name: 'reproducible',
  claim: 'a run is decided by its seed, and a stopped one goes on bit for bit',
  run: async (s) => {
    const root = mkdtempSync(join(tmpdir(), 'looplab-conformance-'));
    try {
      const whole = await modelAfter(s, join(root, 'whole'));
      const again = await modelAfter(s, join(root, 'again'));
      if (!whole.equals(again)) throw new Error('two runs with one seed end in different parameters');
      const other = await modelAfter(s, join(root, 'other'), { seed: 1 });
      if (whole.equals(other)) throw new Error('another seed ends in the same parameters');
      const dir = join(root, 'stopped');
      await stopAfter(s, dir, STEPS / 2);
      if (!whole.equals(await modelAfter(s, dir)))
        throw new Error('a run that was stopped and gone on with ends in other parameters');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

/** The stages of the strategy, each a few steps long, with its own objective or the first that fits. */
export function runOptions(s: Subject, dir: string, more: Partial<TrainRunOptions> = {}): TrainRunOptions {
  const { strategy, config, task } = s;
  const first = s.objectives[0];
  if (!first) throw new Error(`no objective fits strategy ${strategy.id}`);
  const named = strategy.stages.find((stage) => stage.objective)?.objective;
  const { vocab: _, ...model } = config;
  return {
    study: 'conformance',
    code: 'conformance',
    task,
    model,
    strategy,
    objective: named ? objectiveById(named.id, options(named)) : first,
    stages: strategy.stages,
    train: { steps: STEPS, batch: 4, lr: 1e-3, warmup: 1, evalEvery: 3, evalBatches: 1, checkpointEvery: 3 },
    seed: 0,
    dir,
    ...more,
  };
}

const options = ({ id: _, ...rest }: Readonly<{ id: string }>): Record<string, unknown> => rest;

async function modelAfter(s: Subject, dir: string, more: Partial<TrainRunOptions> = {}): Promise<Buffer> {
  await trainRun(runOptions(s, dir, more));
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1);
  if (!last) throw new Error('the run left no checkpoint');
  return readFileSync(join(last.path, 'model.safetensors'));
}

async function stopAfter(s: Subject, dir: string, step: number): Promise<void> {
  const stop = new AbortController();
  const callbacks = [{ name: 'stop', onStep: (at: { step: number }) => void (at.step === step && stop.abort()) }];
  try {
    await trainRun(runOptions(s, dir, { callbacks, signal: stop.signal }));
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
  }
}
