// Sweeps handled from outside: found, cancelled, thinned out, and their failures tried again.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isLocked, RunFolderError, readStatus } from '@looplab/train';
import { expect, test } from 'vitest';
import { fakeStudy, fakeWorker, ledger } from '../test/fakeStudy.ts';
import { tempDir } from '../test/tempDir.ts';
import { cancelSweep, findSweep, listSweeps, pruneRuns } from './control.ts';
import { SweepError } from './errors.ts';
import { planSweep } from './plan/sweepPlan.ts';
import { grid } from './search/listed.ts';
import { runSweep, type SweepOptions } from './sweep.ts';

const nowhere = { write: () => {} };
const run = async (results: string, options: SweepOptions) => {
  const all = {
    worker: fakeWorker,
    code: 'test',
    workers: 2,
    device: 'cpu',
    results,
    output: nowhere,
    ...options,
  } as const;
  return runSweep(planSweep(fakeStudy, all), all);
};
/** `train.weightDecay` chooses the fate of a fake run: 2 is killed every time, 4 once, 7 fails through its own fault once. */
const fates = (...decays: number[]) => ({ search: grid({ 'train.weightDecay': decays }) });

test('sweeps are found by the first digits of their ids', async () => {
  const results = tempDir();
  expect(listSweeps(join(results, 'nothing'))).toEqual([]);
  const [a, b] = [await run(results, fates(0)), await run(results, fates(0, 0.5))];
  expect(listSweeps(results).map((s) => s.manifest.id)).toEqual([a.id, b.id]);
  expect(findSweep(results, b.id.slice(0, 6)).dir).toBe(b.dir);
  expect(() => findSweep(results, 'zzz')).toThrow(/there is no sweep zzz under .*; looplab sweep ls lists/);
  expect(() => findSweep(results, '')).toThrow(/2 sweeps begin with/);
});

test('cancelling a sweep that nobody drives says so', async () => {
  const results = tempDir();
  await run(results, fates(0));
  expect(await cancelSweep(findSweep(results, ''))).toMatch(/nobody drives it/);
});

test('runs are given up for good while nobody drives the sweep', async () => {
  const results = tempDir();
  const { rows, id } = await run(results, { ...fates(1, 2), retries: 0 });
  const killed = rows[1]?.run ?? '';
  const sweep = findSweep(results, id);
  expect(pruneRuns(sweep, [killed.slice(0, 8)])).toEqual([killed]);
  expect(readStatus(join(results, 'fake', killed))?.status).toBe('pruned');
  const steps = ledger(results).length;
  const again = await run(results, { ...fates(1, 2), retries: 0 });
  expect(again.end).toBe('complete');
  expect(ledger(results)).toHaveLength(steps);
  expect(() => pruneRuns(sweep, ['zzz'])).toThrow(`sweep ${id} has no run zzz`);
  expect(() => pruneRuns(sweep, [''])).toThrow('2 runs of sweep');
});

test('a run whose status cannot be written is not left locked', async () => {
  const results = tempDir();
  const { rows, id } = await run(results, { ...fates(2), retries: 0 });
  const killed = rows[0]?.run ?? '';
  const dir = join(results, 'fake', killed);
  rmSync(join(dir, 'status.json'));
  mkdirSync(join(dir, 'status.json'));
  expect(() => pruneRuns(findSweep(results, id), [killed])).toThrow(RunFolderError);
  expect(isLocked(join(dir, 'run.lock'))).toBe(false);
});

test('a finished run cannot be given up', async () => {
  const results = tempDir();
  const { rows, id } = await run(results, fates(0));
  expect(() => pruneRuns(findSweep(results, id), [rows[0]?.run ?? ''])).toThrow(SweepError);
});

test('failures are tried again: those of the machine, or all, and nothing else', async () => {
  const results = tempDir();
  const options = { ...fates(7, 4, 3, 0), retries: 0 };
  const statuses = async (more: SweepOptions) =>
    (await run(results, { ...options, ...more })).rows.map((r) => r.status);
  expect(await statuses({})).toEqual(['failed', 'failed', 'diverged', 'finished']);
  const steps = ledger(results).length;
  expect(await statuses({ retry: 'infra' })).toEqual(['failed', 'finished', 'diverged', 'finished']);
  expect(await statuses({ retry: 'failed' })).toEqual(['finished', 'finished', 'diverged', 'finished']);
  // both had made steps 1 to 3 and have checkpoints of step 2
  expect(
    ledger(results)
      .slice(steps)
      .filter((l) => l.what === 3),
  ).toHaveLength(2);
  expect(
    ledger(results)
      .slice(steps)
      .filter((l) => l.what === 1),
  ).toHaveLength(0);
});
