// Real processes, really killed; disks, really full. `node packages/sweep/test/kills.ts 300` does more of the same for longer.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listCheckpoints, readJsonLines, readStatus } from '@looplab/train';
import { expect, test, vi } from 'vitest';
import { killSweep } from '../test/killing.ts';
import { tempDir } from '../test/tempDir.ts';

// Each test starts many processes, which on a busy machine take seconds to begin.
vi.setConfig({ testTimeout: 240_000 });

const script = (name: string): string => join(import.meta.dirname, '..', 'test', name);

test.each(['grid', 'asha'] as const)(
  'a sweep by %s comes to its end through kills of drivers and workers',
  async (search) => {
    const tally = await killSweep({ results: tempDir(), search, seed: 1, stepMs: 5, kills: 4 });
    expect(tally.driver + tally.worker + tally.both).toBeGreaterThan(0);
  },
);

/** Drives a sweep of fake runs under a limit on file sizes, the portable way to a write that fails half-way. */
function limited(results: string, limitKiB: number): { code: number | null; err: string } {
  const command = [process.execPath, script('driveFake.ts'), results, 'grid', '0'];
  const { status, stderr } = spawnSync('bash', ['-c', `ulimit -f ${limitKiB}; exec "$@"`, 'bash', ...command], {
    encoding: 'utf8',
    env: { ...process.env, FAKE_STEP_MS: '0' },
  });
  return { code: status, err: stderr };
}

test('writes that fail half-way end the sweep with one message, and the next start goes on', () => {
  const results = tempDir();
  const { code, err } = limited(results, 1);
  expect(code).toBe(1);
  expect(err).toMatch(/cannot write .*journal.jsonl: the file would exceed the largest allowed size/);
  expect(err).not.toMatch(/^\s+at /m);
  expect(limited(results, 1_000_000)).toMatchObject({ code: 0 });
});

const root = process.getuid?.() === 0;
test('a full disk ends the sweep with one message, and the next start goes on when there is room', async ({ skip }) => {
  const disk = tempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'looplab', disk], { stdio: 'ignore' });
  } catch {
    skip(
      `needs the right to mount a small disk, run the tests as root${root ? ' outside a restricted container' : ''}`,
    );
  }
  try {
    const ballast = join(disk, 'ballast');
    // room for the sweep's files, but not for its runs
    writeFileSync(ballast, Buffer.alloc(900 * 1024));
    const full = limited(disk, 1_000_000);
    expect(full.code).toBe(1);
    expect(full.err).toMatch(/the disk is full/);
    expect(full.err).not.toMatch(/^\s+at /m);
    rmSync(ballast);
    await sleep(500); // orphans end
    expect(limited(disk, 1_000_000)).toMatchObject({ code: 0 });
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});

/** Metrics without what depends on the clock, and the bytes of the last checkpoint's tensors, of each run. */
function outcome(results: string): unknown {
  const folder = join(results, 'tiny');
  const runs = readdirSync(folder).filter((name) => /^[0-9a-f]{12}$/.test(name));
  return runs.sort().map((run) => {
    const dir = join(folder, run);
    const lines = readJsonLines(join(dir, 'metrics.jsonl'));
    const last = listCheckpoints(join(dir, 'checkpoints')).at(-1)?.path ?? '';
    return {
      run,
      status: readStatus(dir)?.status,
      metrics: lines.map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest),
      model: readFileSync(join(last, 'model.safetensors')).toString('base64'),
    };
  });
}

/** Drives the tiny sweep; kills the driver, or a run, as soon as a run has a checkpoint that was not there before. */
function driveTiny(results: string, victim?: 'driver' | 'run'): Promise<number | null> {
  const child = spawn(process.execPath, [script('driveTiny.ts'), results], { stdio: 'ignore' });
  const folder = join(results, 'tiny');
  const checkpoints = (): string[] =>
    globSync('*/checkpoints/step-*', { cwd: folder }).filter((f) => /step-\d+$/.test(f));
  const before = new Set(checkpoints());
  const timer = setInterval(() => {
    const fresh = checkpoints().find((f) => !before.has(f));
    if (victim === undefined || fresh === undefined) return;
    const lock = join(folder, fresh.split('/')[0] ?? '', 'run.lock');
    const run = existsSync(lock) ? Number(JSON.parse(readFileSync(lock, 'utf8')).pid) : undefined;
    const pid = victim === 'driver' ? child.pid : run;
    if (pid === undefined) return;
    clearInterval(timer);
    process.kill(pid, 'SIGKILL');
  }, 10);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearInterval(timer);
      resolve(code);
    });
  });
}

/** Leaves nothing (`share` 0) or a part of files that are written whole, in every run and the sweep. */
function cutFiles(results: string, names: RegExp, share: number): void {
  const folder = join(results, 'tiny');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => names.test(file));
  expect(files).not.toEqual([]);
  for (const file of files.map((f) => join(folder, f))) truncateSync(file, Math.floor(statSync(file).size * share));
}

test('real runs whose drivers and processes are killed end with the same metrics and parameters', async () => {
  const [killed, whole] = [tempDir(), tempDir()];
  mkdirSync(join(killed, 'tiny'), { recursive: true });
  expect(await driveTiny(killed, 'driver')).toBe(null);
  // what a power cut may leave of files that were not flushed
  cutFiles(killed, /status\.json$|^sweeps.*tasks.*json$/, 0.5);
  expect(await driveTiny(killed, 'run')).toBe(0);
  expect(await driveTiny(killed)).toBe(0);
  expect(await driveTiny(whole)).toBe(0);
  expect(outcome(killed)).toEqual(outcome(whole));
});

test('finished runs whose statuses a power cut left empty or half are finished again, without training', async () => {
  const results = tempDir();
  expect(await driveTiny(results)).toBe(0);
  const before = outcome(results);
  for (const share of [0, 0.5]) {
    cutFiles(results, /status\.json$|^sweeps.*\.json$/, share);
    expect(await driveTiny(results)).toBe(0);
    expect(outcome(results)).toEqual(before);
  }
  for (const file of globSync('*/events.jsonl', { cwd: join(results, 'tiny') })) {
    const names = readJsonLines(join(results, 'tiny', file)).map((e) => e.event);
    expect(names.slice(names.indexOf('finished') + 1)).toEqual(['resumed', 'finished', 'resumed', 'finished']);
  }
});
