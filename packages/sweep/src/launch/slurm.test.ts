// What is special about Slurm: preemption, jobs that outlive their driver, a controller that does not answer, and no Slurm at all.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listCheckpoints, readJsonLines, readStatus } from '@looplab/train';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { slurmMissing } from '../../test/clusters.ts';
import { fakeStudy, fakeWorker, ledger } from '../../test/fakeStudy.ts';
import { tempDir } from '../../test/tempDir.ts';
import { cancelSweep, findSweep } from '../control.ts';
import { planSweep } from '../plan/sweepPlan.ts';
import { grid } from '../search/listed.ts';
import { runSweep } from '../sweep.ts';
import { slurm } from './slurm.ts';

vi.setConfig({ testTimeout: 240_000 });
afterEach(() => vi.unstubAllEnvs());

const missing = slurmMissing();
const script = join(import.meta.dirname, '..', '..', 'test', 'driveFake.ts');

async function until(what: () => boolean): Promise<void> {
  const end = Date.now() + 120_000;
  while (!what()) {
    if (Date.now() > end) throw new Error('waited for two minutes in vain');
    await sleep(50);
  }
}

/** Ids of the jobs whose runs are at work: each run's process is its job's batch shell. */
function jobsAtWork(results: string): string[] {
  const runs = readdirSync(join(results, 'fake')).filter((n) => /^[0-9a-f]{12}$/.test(n));
  return runs.flatMap((run) => {
    const lock = join(results, 'fake', run, 'run.lock');
    if (!existsSync(lock)) return [];
    const { pid } = JSON.parse(readFileSync(lock, 'utf8'));
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return environment.filter((e) => e.startsWith('SLURM_JOB_ID=')).map((e) => e.split('=')[1] ?? '');
  });
}

describe.skipIf(missing !== undefined)(`on a real Slurm${missing ? ` (skipped: ${missing})` : ''}`, () => {
  test('a run that is preempted saves, is started again by the same job, and goes on where it was', async () => {
    vi.stubEnv('FAKE_STEP_MS', '100');
    const results = tempDir();
    const plan = planSweep(fakeStudy, {
      search: grid({ 'train.lr': [1, 2] }),
      overrides: ['train.steps=40'],
      code: 't',
    });
    const launcher = slurm({ folder: join(results, 'slurm'), pollMs: 200 });
    const swept = runSweep(plan, { results, launcher, worker: fakeWorker, device: 'cpu', retries: 0 });
    await until(() => ledger(results).length > 10);
    const jobs = jobsAtWork(results);
    expect(jobs.length).toBeGreaterThan(0);
    execFileSync('scancel', ['--batch', '--signal=USR2', ...jobs]);
    const { rows, end } = await swept;
    expect(end).toBe('complete');
    expect(rows.map((r) => r.status)).toEqual(['finished', 'finished']);
    for (const { run } of rows) {
      const steps = ledger(results).filter((l) => l.run === run);
      expect(steps.map((l) => l.what)).toEqual([...Array.from({ length: 40 }, (_, i) => i + 1), 'finished']);
      const log = readFileSync(join(results, 'fake', run, 'log.txt'), 'utf8');
      expect(log.match(/^from step \d+ of 40$/gm)?.length).toBeLessThanOrEqual(2);
    }
    const logs = rows.map(({ run }) => readFileSync(join(results, 'fake', run, 'log.txt'), 'utf8')).join('');
    expect(logs).toMatch(/^from step [1-9]\d* of 40$/m);
  });

  test('a real run does the same: its job is requeued, and its metrics have no gap', async () => {
    const results = tempDir();
    const study = { ...fakeStudy, name: 'real' };
    const overrides = ['train.steps=300', 'train.evalEvery=100', 'train.checkpointEvery=300', 'train.logEvery=1'];
    const plan = planSweep(study, { overrides, code: 't' });
    const launcher = slurm({ folder: join(results, 'slurm'), pollMs: 200 });
    const swept = runSweep(plan, { results, launcher, device: 'cpu', retries: 0 });
    const dir = () => {
      const folder = join(results, 'real');
      const run = existsSync(folder) ? readdirSync(folder).find((n) => /^[0-9a-f]{12}$/.test(n)) : undefined;
      return run === undefined ? undefined : join(folder, run);
    };
    await until(() => readJsonLines(join(dir() ?? results, 'metrics.jsonl')).length > 5);
    const { pid } = JSON.parse(readFileSync(join(dir() ?? '', 'run.lock'), 'utf8'));
    process.kill(pid, 'SIGUSR2');
    expect((await swept).end).toBe('complete');
    const events = readJsonLines(join(dir() ?? '', 'events.jsonl')).map((e) => e.event);
    expect(events).toEqual(['started', 'checkpoint', 'preempted', 'resumed', 'checkpoint', 'finished']);
    expect(readFileSync(join(dir() ?? '', 'log.txt'), 'utf8')).toMatch(/preempted by SIGUSR2 after step \d+ of 300/);
    const steps = readJsonLines(join(dir() ?? '', 'metrics.jsonl')).filter((r) => r.kind === 'train');
    expect(steps.map((r) => r.step)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    expect(listCheckpoints(join(dir() ?? '', 'checkpoints')).at(-1)?.step).toBe(300);
  });

  test('jobs go on when their driver is killed, and the next one finds them', async () => {
    const results = tempDir();
    const env = { ...process.env, FAKE_STEP_MS: '100' };
    const drive = () => spawn(process.execPath, [script, results, 'grid', '0', 'slurm'], { stdio: 'ignore', env });
    const first = drive();
    await until(() => ledger(results).length > 5);
    first.kill('SIGKILL');
    const before = ledger(results).length;
    await until(() => ledger(results).length > before + 5);
    const code = await new Promise((resolve) => drive().on('close', resolve));
    expect(code).toBe(0);
    expect(ledger(results)).toHaveLength(12 * 21); // no step was made twice
  });

  test('what a driver left behind is stopped by cancelling the sweep', async () => {
    vi.stubEnv('FAKE_STEP_MS', '100');
    const results = tempDir();
    const driver = spawn(process.execPath, [script, results, 'grid', '1', 'slurm'], { stdio: 'ignore' });
    await until(() => ledger(results).length > 5);
    driver.kill('SIGKILL');
    await until(() => driver.signalCode !== null);
    const [id = ''] = readdirSync(join(results, 'fake', 'sweeps'));
    expect(await cancelSweep(findSweep(results, id))).toMatch(/^\d+ runs were stopped$/);
    const runs = readdirSync(join(results, 'fake')).filter((n) => /^[0-9a-f]{12}$/.test(n));
    const statuses = new Set(runs.map((run) => readStatus(join(results, 'fake', run))?.status));
    expect([...statuses].sort()).toEqual(statuses.has('finished') ? ['cancelled', 'finished'] : ['cancelled']);
    const steps = ledger(results).length;
    await sleep(1000);
    expect(ledger(results)).toHaveLength(steps);
  });
});

describe('without a Slurm', () => {
  /** Puts commands of that name first on the PATH. */
  const stub = (commands: Record<string, string>): string => {
    const bin = tempDir();
    for (const [name, body] of Object.entries(commands)) {
      writeFileSync(join(bin, name), `#!/bin/bash\n${body}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    vi.stubEnv('PATH', bin + delimiter + process.env.PATH);
    return bin;
  };
  const task = { name: 'a', argv: ['true'], log: '/dev/null', threads: 1 };

  test('says that its commands are not there', async () => {
    vi.stubEnv('PATH', tempDir());
    await expect(slurm().submit([task])).rejects.toThrow('slurm: scontrol is not on the PATH');
  });

  test('passes on what sbatch says', async () => {
    stub({ scontrol: 'echo "MaxArraySize = 1001"', sbatch: 'echo "invalid partition specified: gpu" >&2; exit 1' });
    const launcher = slurm({ folder: tempDir(), partition: 'gpu' });
    await expect(launcher.submit([task])).rejects.toThrow(
      /sbatch ended with exit code 1: invalid partition specified: gpu/,
    );
  });

  test('cuts large sweeps into arrays of the size that the cluster allows', async () => {
    const bin = stub({
      scontrol: 'echo "MaxArraySize            = 4"',
      sbatch: `echo "$@" >>"$(dirname "$0")/calls"; cat >/dev/null; wc -l <"$(dirname "$0")/calls"`,
    });
    const launcher = slurm({ folder: tempDir(), parallel: 2, memory: '1G', flags: ['--nice'] });
    expect(await launcher.submit(Array(9).fill(task))).toEqual([
      '1_0',
      '1_1',
      '1_2',
      '1_3',
      '2_0',
      '2_1',
      '2_2',
      '2_3',
      '3_0',
    ]);
    const calls = readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
    expect(calls.map((c) => /--array=(\S+)/.exec(c)?.[1])).toEqual(['0-3%2', '0-3%2', '0-0%2']);
    expect(calls[0]).toMatch(/--requeue .*--signal=B:USR2@120 --mem=1G --nice/);
  });

  test('believes jobs alive while the controller does not answer', async () => {
    const bin = stub({ squeue: 'exec cat "$(dirname "$0")/queue"', scontrol: 'exit 1' });
    const queue = join(bin, 'queue');
    const launcher = slurm({ pollMs: 1 });
    writeFileSync(queue, '7_0|RUNNING|None\n7_1|PENDING|Priority\n');
    const states = async () => (await launcher.poll(['7_0', '7_1'])).map((s) => s.state);
    expect(await states()).toEqual(['running', 'queued']);
    rmSync(queue);
    expect(await states()).toEqual(['running', 'queued']);
    writeFileSync(queue, '');
    expect(await states()).toEqual(['ended', 'ended']);
  });

  test('starts a requeued job at once instead of after two minutes', async () => {
    const bin = stub({ squeue: 'echo "7_0|PENDING|BeginTime"', scontrol: `echo "$@" >>"$(dirname "$0")/calls"` });
    await slurm().poll(['7_0']);
    expect(readFileSync(join(bin, 'calls'), 'utf8')).toBe('update jobid=7_0 StartTime=now\n');
  });

  test.each([
    [{ minutes: 0 }, 'slurm: minutes must be a whole number >= 1 (got 0)'],
    [{ parallel: 1.5 }, 'slurm: parallel must be'],
  ])('refuses %j', (options, message) => {
    expect(() => slurm(options)).toThrow(message);
  });

  test('a folder for its output that cannot be made is one clear error', async () => {
    stub({ scontrol: 'echo "MaxArraySize = 4"' });
    const folder = join(tempDir(), 'file');
    writeFileSync(folder, '');
    mkdirSync(join(folder, '..', 'x'));
    await expect(slurm({ folder: join(folder, 'x') }).submit([task])).rejects.toThrow(/cannot write to folder/);
  });
});
