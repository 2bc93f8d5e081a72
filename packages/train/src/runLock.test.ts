// The lock of a run: held, lost, abandoned and taken over.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { RunFolderError, RunLockedError } from './errors.ts';
import { acquireRunLock, isLocked } from './runLock.ts';
import { tempDir } from './testing/tempDir.ts';

const lockPath = (): string => join(tempDir(), 'run.lock');

test('one owner at a time, and release frees it', () => {
  const path = lockPath();
  const lock = acquireRunLock(path);
  expect(() => acquireRunLock(path)).toThrow(RunLockedError);
  expect(() => acquireRunLock(path)).toThrow(new RegExp(`process ${process.pid} on ${hostname()}`));
  lock.refresh();
  lock.release();
  expect(existsSync(path)).toBe(false);
  acquireRunLock(path).release();
  expect(readdirSync(join(path, '..'))).toEqual([]);
});

test('the lock of a dead process, and one torn by a crash, are taken over', () => {
  const path = lockPath();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(path, JSON.stringify({ pid: dead, host: hostname(), born: '1', token: 'x' }));
  acquireRunLock(path).release();
  writeFileSync(path, '{"pid"');
  acquireRunLock(path).release();
});

test('a recycled pid is not the owner', () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname(), born: 'before', token: 'x' }));
  acquireRunLock(path).release();
});

test('another machine is believed alive until its lock is old', () => {
  const path = lockPath();
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', born: null, token: 'x' }));
  expect(() => acquireRunLock(path)).toThrow(/process 1 on elsewhere/);
  const old = new Date(Date.now() - 3_600_000);
  utimesSync(path, old, old);
  const lock = acquireRunLock(path);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid });
  lock.release();
});

test('a batch job that was started again takes over what its last start held elsewhere', () => {
  const path = lockPath();
  const owner = { pid: 1, host: 'elsewhere', born: null, token: 'x', job: '17', restart: 0 };
  writeFileSync(path, JSON.stringify(owner));
  const within = (job: string, restart: string): (() => void) => {
    return () => {
      vi.stubEnv('SLURM_JOB_ID', job);
      vi.stubEnv('SLURM_RESTART_COUNT', restart);
      try {
        acquireRunLock(path).release();
      } finally {
        vi.unstubAllEnvs();
      }
    };
  };
  expect(within('18', '1')).toThrow(RunLockedError);
  expect(within('17', '0')).toThrow(RunLockedError);
  within('17', '1')();
  expect(existsSync(path)).toBe(false);
});

test('says whether a lock is held', () => {
  const path = lockPath();
  expect(isLocked(path)).toBe(false);
  const lock = acquireRunLock(path);
  expect(isLocked(path)).toBe(true);
  lock.release();
  expect(isLocked(path)).toBe(false);
});

test('a lost lock is not released for its new owner', () => {
  const path = lockPath();
  const lock = acquireRunLock(path);
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', born: null, token: 'theirs' }));
  lock.release();
  expect(existsSync(path)).toBe(true);
});

test('an unwritable place is an error that names it', () => {
  expect(() => acquireRunLock('/dev/null/run.lock')).toThrow(RunFolderError);
});
