// Sweeps from start to table with runs that compute nothing: what is run, what is not run again, and what every kind of end leads to.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CancelledError, RunFolderError, readStatus } from '@looplab/train';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fakeStudy, fakeWorker, ledger } from '../test/fakeStudy.ts';
import { tempDir } from '../test/tempDir.ts';
import { SweepError, SweepLockedError } from './errors.ts';
import { planSweep, type SweepPlanOptions } from './plan/sweepPlan.ts';
import { asha } from './search/asha.ts';
import { grid } from './search/listed.ts';
import { medianStopping } from './search/medianStopping.ts';
import { random } from './search/random.ts';
import { tpe } from './search/tpe.ts';
import { int, logUniform } from './space/dimension.ts';
import { leaveRequest, readJournal, readManifest, SweepFolder, sweepDir } from './store/sweepFolder.ts';
import { runSweep, type SweepOptions, sweep } from './sweep.ts';

const base = { worker: fakeWorker, code: 'test', workers: 2, device: 'cpu' } as const;
const lrs = { search: grid({ 'train.lr': [0.01, 0.03, 0.1] }) };
/** `train.weightDecay` chooses the fate of a fake run. */
const fates = (...decays: number[]) => ({ search: grid({ 'train.weightDecay': decays }) });
const nowhere = { write: () => {} };
const run = async (results: string, options: SweepOptions) => {
  const all = { ...base, results, output: nowhere, ...options };
  return runSweep(planSweep(fakeStudy, all), all);
};
const dirOf = (results: string, options: SweepPlanOptions): string =>
  sweepDir(results, 'fake', planSweep(fakeStudy, { ...base, ...options }).id);
const listener = () => {
  const lines: string[] = [];
  return { write: (t: string) => void lines.push(t), text: () => lines.join('') };
};

describe('a sweep', () => {
  test('runs every point with every seed once and gives a table', async () => {
    const results = tempDir();
    const output = listener();
    const table = await sweep(fakeStudy, { ...base, ...lrs, seeds: 2, results, output });
    expect(table.numRows()).toBe(6);
    expect(table.array('status')).toEqual(Array(6).fill('finished'));
    expect(table.array('train.lr')).toEqual([0.01, 0.01, 0.03, 0.03, 0.1, 0.1]);
    expect(table.array('seed')).toEqual([0, 1, 0, 1, 0, 1]);
    expect(table.get('loss', 2)).toBeCloseTo(5 / 20, 9);
    expect(ledger(results).filter((l) => l.what === 'finished')).toHaveLength(6);
    expect(ledger(results)).toHaveLength(6 * 21);
    expect(output.text()).toMatch(/^6 runs\n/);
    // which of the two workers ends last is chance
    expect(output.text()).toMatch(/^\[6\/6\] train.lr=0\.\d+ seed [01]: finished accuracy 0\.\d+$/m);
  });

  test('gives all points their first seed first', async () => {
    const results = tempDir();
    await run(results, { ...lrs, seeds: 2, workers: 1 });
    const order = [...new Set(ledger(results).map((l) => l.run))];
    const seeds = order.map((id) => JSON.parse(readFileSync(join(results, 'fake', id, 'config.json'), 'utf8')).seed);
    expect(seeds).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test('says what it is and what it will run before the first run begins', async () => {
    const results = tempDir();
    const dir = dirOf(results, lrs);
    const seen: unknown[] = [];
    const output = {
      write: (text: string) => {
        if (/^\d runs/.test(text)) seen.push(readManifest(dir)?.spec.study, readJournal(dir).length, ledger(results));
      },
    };
    await run(results, { ...lrs, output });
    expect(seen).toEqual(['fake', 3, []]);
  });

  test('again does nothing, and a wider one runs only what is new', async () => {
    const results = tempDir();
    const first = await run(results, lrs);
    const steps = ledger(results).length;
    expect(await run(results, lrs)).toEqual(first);
    expect(ledger(results)).toHaveLength(steps);
    await run(results, { search: grid({ 'train.lr': [0.01, 0.03, 0.1, 0.3] }) });
    expect(ledger(results).filter((l) => l.what === 'finished')).toHaveLength(4);
  });

  test('keeps to its number of workers', async () => {
    const results = tempDir();
    await run(results, { search: grid({ 'train.lr': [1, 2, 3, 4, 5, 6, 7] }), workers: 3 });
    const open = new Set<string>();
    let most = 0;
    for (const { run: id, what } of ledger(results)) {
      if (what === 'finished') open.delete(id);
      else open.add(id);
      most = Math.max(most, open.size);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });

  test('of a study without anything to vary runs its seeds', async () => {
    const results = tempDir();
    const { rows } = await run(results, { seeds: 3 });
    expect(rows.map((r) => [r.seed, r.status, r.point])).toEqual([0, 1, 2].map((s) => [s, 'finished', {}]));
  });
});

describe('a run that does not finish', () => {
  test('through its own fault is reported at once, is not tried again, and does not keep the others from running', async () => {
    const results = tempDir();
    const output = listener();
    const { rows, end } = await run(results, { ...fates(0, 1, 3), output });
    expect(end).toBe('complete');
    expect(rows.map((r) => [r.status, r.cause])).toEqual([
      ['finished', undefined],
      ['failed', 'user'],
      ['diverged', undefined],
    ]);
    expect(output.text()).toMatch(/train.weightDecay=1 seed 0: failed: a setting that cannot be/);
    expect(output.text()).toMatch(/train.weightDecay=3 seed 0: diverged: the loss is NaN at step 3/);
    const steps = ledger(results).length;
    await run(results, fates(0, 1, 3));
    expect(ledger(results)).toHaveLength(steps);
  });

  test('is told on stderr from a script that asked for nothing, when it ends and with what is left at the end', async () => {
    const told: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      told.push(String(text));
      return true;
    });
    const results = tempDir();
    try {
      const options = { ...base, ...fates(0, 1, 2), results, retries: 0 };
      const table = await sweep(fakeStudy, options);
      expect(table.array('cause')).toEqual([null, 'user', 'infra']);
      expect(table.get('error', 1)).toBe('a setting that cannot be');
      const text = told.join('');
      expect(text).toMatch(/^train.weightDecay=1 seed 0: failed: a setting that cannot be$/m);
      expect(text).toMatch(/^train.weightDecay=2 seed 0: .*killed by SIGKILL.*; giving it up for now$/m);
      expect(text).toMatch(
        /^the machine let runs down; .*\n {2}\w+ \(trial 1 seed 0\): a setting that cannot be\n {2}\w+ /m,
      );
      expect(text).not.toMatch(/finished/);

      // what failed before is nothing new, but is listed all the same
      told.length = 0;
      await sweep(fakeStudy, { ...base, ...fates(0, 1), results });
      expect(told.join('')).toMatch(
        /^1 of 2 runs did not finish; .*\n {2}\w+ \(trial 1 seed 0\): a setting that cannot be\n$/,
      );
      told.length = 0;
      await sweep(fakeStudy, { ...base, ...fates(0), results });
      expect(told).toEqual([]);
    } finally {
      write.mockRestore();
    }
  });

  test('because it was killed is started again from its checkpoint', async () => {
    const results = tempDir();
    const output = listener();
    const { rows } = await run(results, { ...fates(4), output });
    expect(rows[0]?.status).toBe('finished');
    expect(output.text()).toMatch(/killed by SIGKILL; see .*log.txt; starting it again/);
    expect(ledger(results).map((l) => l.what)).toEqual([
      1,
      2,
      3,
      ...Array.from({ length: 18 }, (_, i) => i + 3),
      'finished',
    ]);
  });

  test('because it is killed every time is given up, and tried again by the next start', async () => {
    const results = tempDir();
    const once = await run(results, { ...fates(2, 0), retries: 1 });
    expect(once.end).toBe('incomplete');
    expect(once.rows.map((r) => [r.status, r.cause])).toEqual([
      ['failed', 'infra'],
      ['finished', undefined],
    ]);
    const starts = () => ledger(results).filter((l) => l.what === 3).length;
    expect(starts()).toBe(3); // two of the one, one of the other
    await run(results, { ...fates(2, 0), retries: 0 });
    expect(starts()).toBe(4);
  });

  test('and could not say why is a failure of its own if its exit code is 42', async () => {
    const { rows } = await run(tempDir(), fates(6));
    expect(rows[0]).toMatchObject({ status: 'failed', cause: 'user' });
    expect(rows[0]?.error).toMatch(/ended with exit code 42; see .*log.txt/);
  });

  test('and is one too many stops the sweep', async () => {
    const results = tempDir();
    const { end, rows } = await run(results, { ...fates(1, 0, 0.5, 0.25), workers: 1, maxFailures: 1 });
    expect(end).toBe('failures');
    expect(rows.map((r) => r.status)).toEqual(['failed', 'planned', 'planned', 'planned']);
  });

  test('nor do the others, one after the other without a step forward, stops the sweep before all of them are tried', async () => {
    const results = tempDir();
    const { end, rows } = await run(results, {
      search: grid({ 'train.lr': Array.from({ length: 40 }, (_, i) => i + 1) }),
      worker: [process.execPath, '-e', 'process.exit(1)'],
    });
    expect(end).toBe('unwell');
    expect(rows.filter((r) => r.status === 'planned').length).toBeGreaterThan(30);
  });

  test('has a log with what its process printed', async () => {
    const results = tempDir();
    const { rows } = await run(results, fates(2));
    expect(readFileSync(join(results, 'fake', rows[0]?.run ?? '', 'log.txt'), 'utf8')).toMatch(/^from step 0 of 20$/m);
  });
});

describe('a sweep that is stopped', () => {
  // slow enough that no run is over before the stop is noticed, however fast the machine
  beforeEach(() => void vi.stubEnv('FAKE_STEP_MS', '12'));
  afterEach(() => void vi.unstubAllEnvs());

  /** Calls `when` as soon as the ledger has so many lines. */
  const after = (results: string, lines: number, when: () => void): void => {
    const timer = setInterval(() => {
      if (ledger(results).length < lines) return;
      clearInterval(timer);
      when();
    }, 5);
  };
  const slow = { search: grid({ 'train.lr': [1, 2, 3, 4] }), overrides: ['train.steps=60'] };

  test('by a signal saves its runs, and goes on where they were', async () => {
    const results = tempDir();
    const stop = new AbortController();
    after(results, 20, () => stop.abort(new CancelledError('stopped by SIGINT', 130)));
    const stopped = run(results, { ...slow, signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({
      exitCode: 130,
      message: expect.stringMatching(/the same command goes on/),
    });
    const statuses = readdirSync(join(results, 'fake')).flatMap(
      (id) => readStatus(join(results, 'fake', id))?.status ?? [],
    );
    expect(statuses.sort()).toEqual(['cancelled', 'cancelled']);
    const { rows } = await run(results, slow);
    expect(rows.map((r) => r.status)).toEqual(Array(4).fill('finished'));
    expect(ledger(results)).toHaveLength(4 * 61); // no step was made twice
  });

  test('by a request does the same', async () => {
    const results = tempDir();
    after(results, 20, () => leaveRequest(dirOf(results, slow), { do: 'cancel' }));
    await expect(run(results, slow)).rejects.toThrow(CancelledError);
    await run(results, slow);
    expect(ledger(results)).toHaveLength(4 * 61);
  });

  test('in part, by giving runs up, ends without them for good', async () => {
    const results = tempDir();
    const dir = dirOf(results, slow);
    let given: string[] = [];
    after(results, 20, () => {
      const begun = [...new Set(ledger(results).map((l) => l.run))];
      const waiting = readJournal(dir).flatMap((r) => (r.kind === 'job' ? r.runs.map((x) => x.run) : []));
      given = [begun[0] ?? '', waiting.at(-1) ?? ''];
      leaveRequest(dir, { do: 'prune', runs: given });
    });
    const { rows, end } = await run(results, slow);
    expect(end).toBe('complete');
    expect(
      rows
        .filter((r) => r.status === 'pruned')
        .map((r) => r.run)
        .sort(),
    ).toEqual(given.sort());
    expect(rows.filter((r) => r.status === 'finished')).toHaveLength(2);
    const steps = ledger(results).length;
    await run(results, slow);
    expect(ledger(results)).toHaveLength(steps);
  });
});

describe('an adaptive sweep', () => {
  const dims = { 'train.lr': logUniform(1e-4, 1) };

  test('by ASHA goes on from checkpoints, and ends pruned or finished', async () => {
    const results = tempDir();
    const search = asha(dims, { trials: 9, eta: 3, rungs: 2, parallel: 2 });
    const { rows } = await run(results, { search, metric: 'loss' });
    const finished = rows.filter((r) => r.status === 'finished');
    expect(rows).toHaveLength(9);
    expect(finished.length).toBeGreaterThanOrEqual(3);
    expect(rows.every((r) => r.status === 'finished' || (r.status === 'pruned' && r.step === 8))).toBe(true);
    const best = [...rows].sort((a, b) => (a.loss ?? 0) - (b.loss ?? 0))[0];
    expect(best?.status).toBe('finished');
    expect(ledger(results)).toHaveLength((9 - finished.length) * 8 + finished.length * 21);
  });

  test('by the median rule gives bad runs up where they are', async () => {
    const search = medianStopping(random(dims, { trials: 10 }), { minRuns: 3, parallel: 2 });
    const { rows } = await run(tempDir(), { search, metric: 'loss' });
    const pruned = rows.filter((r) => r.status === 'pruned');
    expect(pruned.length).toBeGreaterThan(0);
    expect(pruned.every((r) => r.step < 20)).toBe(true);
    const middle = [...rows].sort((a, b) => (a.loss ?? 0) - (b.loss ?? 0))[5]?.loss ?? 0;
    expect(pruned.every((r) => (r.loss ?? 0) > middle / 2)).toBe(true);
  });

  test('that is stopped again and again proposes what the unbroken one does', async () => {
    const search = tpe({ ...dims, 'model.layers': int(1, 4) }, { trials: 14, startup: 4, parallel: 2 });
    const [whole, broken] = [tempDir(), tempDir()];
    const options = { search, metric: 'loss' };
    await run(whole, options);
    for (let ended = 5; ended < 14; ended += 4) {
      const stop = new AbortController();
      const output = { write: (t: string) => void (t.startsWith(`[${ended}/`) && stop.abort()) };
      await run(broken, { ...options, output, signal: stop.signal, workers: 1 + (ended % 3) }).catch(() => {});
    }
    await run(broken, options);
    const jobs = (results: string) => readJournal(dirOf(results, options)).filter((r) => r.kind === 'job');
    expect(jobs(whole)).toHaveLength(14);
    expect(jobs(broken)).toEqual(jobs(whole));
  });
});

describe('bad input', () => {
  test.each([
    [
      'an unknown setting',
      { search: grid({ 'model.lops': [1, 2] }) },
      'at model.lops=1: there is no setting model.lops',
    ],
    [
      'a value that is not allowed',
      { search: grid({ 'model.heads': [3] }) },
      'at model.heads=3: heads must divide dModel',
    ],
    ['an unknown metric', { metric: 'acuracy' }, 'there is no metric acuracy; did you mean accuracy?'],
    ['a metric that the task has not', { metric: 'bitsPerByte' }, 'task groupWords has no bitsPerByte'],
    ['two points that are one run', { search: grid({ 'train.logEvery': [1, 2] }) }, 'are the same run'],
    ['variants of a study without any', { search: grid({ variant: ['a'] }) }, 'has no variants to vary'],
    ['no workers', { workers: 0 }, 'local: workers must be a whole number >= 1 (got 0)'],
    [
      'lengths that differ between trials that are stopped',
      { search: asha({ 'train.steps': int(20, 40) }, { trials: 3, rungs: 2 }) },
      'asha stops trials at the same steps',
    ],
  ])('%s is refused', async (_, options: SweepOptions, message) => {
    const results = tempDir();
    await expect(run(results, options)).rejects.toThrow(message);
    expect(ledger(results)).toEqual([]);
  });

  test('a second driver of the same sweep is told who the first is', async () => {
    const results = tempDir();
    const plan = planSweep(fakeStudy, { ...base, ...lrs });
    const folder = new SweepFolder(results, plan);
    await expect(run(results, lrs)).rejects.toThrow(SweepLockedError);
    await expect(run(results, lrs)).rejects.toThrow(`process ${process.pid} on`);
    folder.close();
    expect((await run(results, lrs)).end).toBe('complete');
  });

  test('leaves the sweep to the next start', async () => {
    const results = tempDir();
    await expect(run(results, { ...lrs, workers: 0 })).rejects.toThrow(SweepError);
    expect((await run(results, lrs)).end).toBe('complete');
  });

  test('results that cannot be written are one clear error', async () => {
    await expect(run('/proc/looplab/results', lrs)).rejects.toThrow(RunFolderError);
    const results = tempDir();
    writeFileSync(join(results, 'fake'), 'a file where a folder should be');
    await expect(run(results, lrs)).rejects.toThrow(/cannot write to folder .* a part of the path is a file/);
  });

  test('a folder with another configuration under the same id is left alone', async () => {
    const results = tempDir();
    const { rows } = await run(results, fates(0));
    const dir = join(results, 'fake', rows[0]?.run ?? '');
    const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, seed: 9 }));
    rmSync(join(dir, 'status.json'));
    await expect(run(results, fates(0))).rejects.toThrow('holds another configuration with the id');
    expect(JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')).seed).toBe(9);
  });
});

describe('a damaged sweep folder', () => {
  const search = random({ 'train.lr': logUniform(1e-4, 1) }, { trials: 3 });

  test('with a journal cut anywhere goes on', async () => {
    const results = tempDir();
    const dir = dirOf(results, { search });
    await run(results, { search });
    const path = join(dir, 'journal.jsonl');
    const whole = readFileSync(path, 'utf8');
    const steps = ledger(results).length;
    for (let length = whole.length - 1; length >= 0; length -= 97) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const { rows } = await run(results, { search });
      expect(rows.map((r) => r.status)).toEqual(Array(3).fill('finished'));
      expect(readFileSync(path, 'utf8')).toBe(whole);
    }
    expect(ledger(results)).toHaveLength(steps);
  });

  test('with a manifest that is no JSON gets it again', async () => {
    const results = tempDir();
    const dir = dirOf(results, { search });
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'sweep.json'), '{"id": ');
    await run(results, { search });
    expect(readManifest(dir)?.spec.search.id).toBe('random');
  });

  test('that was written by a space that has changed since is refused', async () => {
    const results = tempDir();
    let high = 1;
    const moving = random({ 'train.lr': () => logUniform(1e-4, high) }, { trials: 3 });
    await run(results, { search: moving });
    high = 0.5;
    await expect(run(results, { search: moving })).rejects.toThrow(SweepError);
    await expect(run(results, { search: moving })).rejects.toThrow(/would go on otherwise than it began: job 0/);
  });

  test('with a request that is no request passes it over', async () => {
    const results = tempDir();
    const dir = dirOf(results, { search });
    mkdirSync(join(dir, 'requests'), { recursive: true });
    writeFileSync(join(dir, 'requests', 'a.json'), '{"do":"dance"}');
    writeFileSync(join(dir, 'requests', 'b.json'), '{');
    expect((await run(results, { search })).end).toBe('complete');
    expect(existsSync(join(dir, 'requests', 'a.json'))).toBe(false);
  });
});

test('a run that was killed between its last result and its last word is settled by the next start', async () => {
  const results = tempDir();
  const search = asha({ 'train.lr': logUniform(1e-4, 1) }, { trials: 3, rungs: 2, parallel: 1 });
  const { rows } = await run(results, { search, metric: 'loss' });
  const pruned = join(results, 'fake', rows.find((r) => r.status === 'pruned')?.run ?? '');
  const status = JSON.parse(readFileSync(join(pruned, 'status.json'), 'utf8'));
  writeFileSync(join(pruned, 'status.json'), JSON.stringify({ ...status, status: 'running', step: 7 }));
  await run(results, { search, metric: 'loss' });
  expect(readStatus(pruned)?.status).toBe('pruned');
});
