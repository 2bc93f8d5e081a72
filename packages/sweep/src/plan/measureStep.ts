// How long one update takes here: a few updates of a run, in a folder that is thrown away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useDevice } from '@looplab/engine';
import { type Callback, noTracker, planFlops, type RunPlan, trainRun } from '@looplab/train';
import type { TaskFile } from '../runTask.ts';

/** Updates that are made; the first compiles and is not counted. */
const STEPS = 4;

/** One update on this machine. */
export interface MeasuredStep {
  /** The fastest of a few. */
  readonly secondsPerStep: number;
  /** By counted matrix-multiplication FLOPs. */
  readonly flopsPerSecond: number;
}

/** Trains `plan` for a few updates. */
export async function measureStep(
  plan: RunPlan,
  on: { readonly device: TaskFile['device']; readonly threads: number },
): Promise<MeasuredStep> {
  await useDevice({ kind: on.device, threads: on.threads });
  const dir = mkdtempSync(join(tmpdir(), 'looplab-measure-'));
  const times: number[] = [];
  const watch: Callback = { name: 'watch', onStep: () => void times.push(performance.now()) };
  const { stages: _, ...options } = plan.options;
  const few = { evalEvery: STEPS, evalBatches: 1, checkpointEvery: STEPS, logEvery: 1 };
  const train = { ...options.train, ...few, steps: STEPS };
  try {
    await trainRun({ ...options, train, dir, callbacks: [watch], tracker: noTracker, code: 'measured' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  // The last update is followed by an evaluation, the first preceded by compilation.
  const gaps = times.slice(1).map((t, i) => (t - (times[i] ?? t)) / 1000);
  const secondsPerStep = Math.min(...gaps);
  return { secondsPerStep, flopsPerSecond: planFlops(plan) / plan.steps / secondsPerStep };
}
