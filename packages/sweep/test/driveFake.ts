// A process that drives a sweep of fake runs: `node driveFake.ts RESULTS SEARCH SEED [LAUNCHER]`. Tests kill it.
import {
  asha,
  choice,
  grid,
  logUniform,
  planSweep,
  runSweep,
  type Search,
  SweepError,
  slurm,
  tpe,
} from '@looplab/sweep';
import { listenForInterrupt, TrainError } from '@looplab/train';
import { fakeStudy, fakeWorker } from './fakeStudy.ts';

const [results = '', kind = 'grid', seed = '0', where = 'local'] = process.argv.slice(2);
// with a decay of 5 a run meets a full disk, once
const space = { 'train.lr': logUniform(1e-4, 1), 'train.weightDecay': choice([0, 5]) };
const trials = { trials: 12, seed: Number(seed) };
const searches: Record<string, () => Search> = {
  grid: () => grid({ 'train.lr': Array.from({ length: 12 }, (_, i) => (i + 1) / 100 + Number(seed)) }),
  asha: () => asha(space, { ...trials, rungs: 2 }),
  tpe: () => tpe(space, { ...trials, startup: 4 }),
};
const { signal } = listenForInterrupt();
try {
  const search = searches[kind]?.() ?? grid({});
  const plan = planSweep(fakeStudy, { search, metric: 'loss', code: 'test' });
  // killed workers are started again however often that is
  const place = where === 'slurm' ? { launcher: slurm({ folder: `${results}/slurm`, pollMs: 200 }) } : { workers: 2 };
  const common = { worker: fakeWorker, device: 'cpu', retries: 1000, output: process.stderr, signal } as const;
  const { end } = await runSweep(plan, { results, ...place, ...common });
  process.stdout.write(`${end}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof SweepError || error instanceof TrainError ? error.exitCode : 70;
}
