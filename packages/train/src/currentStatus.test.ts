// Runs that say they are running: with a process, and without.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { currentStatus } from './currentStatus.ts';
import { acquireRunLock } from './runLock.ts';
import { tempDir } from './testing/tempDir.ts';

const at = '2026-01-01T00:00:00.000Z';
function folder(status: string): string {
  const dir = join(tempDir(), 'run');
  mkdirSync(dir);
  const record = { status, step: 3, steps: 9, startedAt: at, updatedAt: at };
  writeFileSync(join(dir, 'status.json'), JSON.stringify(record));
  return dir;
}

test('a run is running as long as a process holds it, and then a failure of the machine where it got', () => {
  const dir = folder('running');
  const lock = acquireRunLock(join(dir, 'run.lock'));
  expect(currentStatus(dir)?.status).toBe('running');
  lock.release();
  expect(currentStatus(dir)).toEqual({
    ...{ status: 'failed', cause: 'infra', error: 'its process is gone; the same command goes on' },
    ...{ step: 3, steps: 9, startedAt: at, updatedAt: at },
  });
});

test('a lock whose process is gone is none', () => {
  const dir = folder('running');
  acquireRunLock(join(dir, 'run.lock'));
  expect(currentStatus(dir)?.status).toBe('running');
  const owner = { pid: process.pid, host: 'elsewhere', born: null, token: 'x', job: null, restart: 0 };
  writeFileSync(join(dir, 'run.lock'), JSON.stringify(owner));
  expect(currentStatus(dir)?.status).toBe('running'); // another machine's, and fresh
  rmSync(join(dir, 'run.lock'));
  writeFileSync(join(dir, 'run.lock'), '{"pid": ');
  expect(currentStatus(dir)?.status).toBe('failed');
});

test.each(['queued', 'finished', 'diverged', 'cancelled', 'pruned'])('one that is %s stays so', (status) => {
  expect(currentStatus(folder(status))?.status).toBe(status);
});

test('a folder without a status has none', () => {
  expect(currentStatus(tempDir())).toBeUndefined();
});
