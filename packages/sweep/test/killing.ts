// Kills drivers and workers at random, cuts files where a crash might, and holds what is left against what a sweep promises.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fold, type Key, key, randint } from '@looplab/core';
import { readJsonLines, readStatus } from '@looplab/train';
import { readJournal, readManifest } from '../src/store/sweepFolder.ts';
import { sweepRows } from '../src/sweepTable.ts';
import { ledger } from './fakeStudy.ts';

/** How often what was done. */
export interface Tally {
  driver: number;
  worker: number;
  both: number;
  cut: number;
  sweeps: number;
}

export interface KillingOptions {
  readonly results: string;
  readonly search: 'grid' | 'asha' | 'tpe';
  readonly seed: number;
  /** Milliseconds of a step of a fake run. */
  readonly stepMs: number;
  /** Kills of this sweep at most; then it is left to end. */
  readonly kills: number;
}

const script = join(import.meta.dirname, 'driveFake.ts');

/**
 * Drives one sweep to its end through kills.
 * @returns what was done to it
 * @throws Error where a promise was broken
 */
export async function killSweep(options: KillingOptions): Promise<Tally> {
  const tally: Tally = { driver: 0, worker: 0, both: 0, cut: 0, sweeps: 1 };
  const { results, kills } = options;
  let finished: string[] = [];
  let done = 0;
  for (let start = 0; ; start++) {
    const k = fold(fold(key(options.seed), options.search), start);
    const driver = startDriver(options);
    const mayKill = done < kills;
    if (!mayKill) {
      const { code, err } = await driver.ended;
      expectThat(code === 0, `the last start ended with ${code}: ${err}`);
      break;
    }
    await driver.begun;
    await sleep(draw(k, 'when', 400));
    const what = draw(k, 'what', 3);
    if (what === 0) {
      driver.process.kill('SIGKILL');
      tally.driver++;
    } else {
      const workers = workersOf(results);
      const some = workers.slice(0, what === 1 ? 1 : workers.length);
      if (what === 2) driver.process.kill('SIGKILL');
      for (const pid of some) killQuietly(pid);
      if (what === 2) tally.both++;
      else if (some.length > 0) tally.worker++;
      if (what === 1) {
        await sleep(draw(k, 'again', 200));
        driver.process.kill('SIGKILL');
        tally.driver++;
      }
    }
    done++;
    const { code } = await driver.ended;
    finished = checkState(results, finished);
    if (code === 0) break; // it was over before the kill came
    if (draw(k, 'cut', 2) === 0) {
      await quiet(results);
      tally.cut += cutLog(results, fold(k, 'log')) + cutWhole(results, fold(k, 'whole'));
      // whose status was cut off is finished anew, and the ledger says that it was not computed anew
      finished = finished.filter((d) => readStatus(d) !== undefined);
    }
  }
  checkEnd(results);
  return tally;
}

function startDriver({ results, search, seed, stepMs }: KillingOptions): {
  process: ChildProcess;
  begun: Promise<void>;
  ended: Promise<{ code: number | null; err: string }>;
} {
  const child = spawn(process.execPath, [script, results, search, String(seed)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, FAKE_STEP_MS: String(stepMs) },
  });
  let err = '';
  const ended = new Promise<{ code: number | null; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, err }));
  });
  const begun = new Promise<void>((resolve) => {
    child.stderr.on('data', (data) => {
      err += data;
      if (/^\d+ runs/m.test(err)) resolve();
    });
    void ended.then(() => resolve());
  });
  return { process: child, begun, ended };
}

/** Process ids of the runs at work. */
function workersOf(results: string): number[] {
  return runDirs(results).flatMap((dir) => {
    try {
      return [Number(JSON.parse(readFileSync(join(dir, 'run.lock'), 'utf8')).pid)];
    } catch {
      return [];
    }
  });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** Waits until no run is at work: orphans end when they see that their driver is gone. */
async function quiet(results: string): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (workersOf(results).every((pid) => !existsSync(`/proc/${pid}`))) return;
    await sleep(20);
  }
  throw new Error('a worker outlived its driver by ten seconds');
}

/** Everything can be read at any moment, and what was finished stays finished. */
function checkState(results: string, before: readonly string[]): string[] {
  const [dir] = sweepDirs(results);
  if (dir !== undefined) {
    readJournal(dir);
    for (const row of sweepRows(dir)) {
      // unknown: the status was cut off
      const known = /^(planned|queued|running|finished|failed|pruned|preempted|cancelled|unknown)$/;
      expectThat(known.test(row.status), `run ${row.run} has the status ${row.status}`);
    }
  }
  const finished = runDirs(results).filter((d) => readStatus(d)?.status === 'finished');
  for (const d of before) expectThat(finished.includes(d), `${d} was finished and is ${readStatus(d)?.status}`);
  return finished;
}

/** What holds when a sweep has ended: everything finished or pruned, every step in place, nothing paid for after it was finished. */
function checkEnd(results: string): void {
  const [dir = ''] = sweepDirs(results);
  expectThat(readManifest(dir) !== undefined, 'there is no manifest');
  const rows = sweepRows(dir);
  expectThat(rows.length === 12, `there are ${rows.length} runs instead of 12`);
  for (const row of rows) {
    expectThat(['finished', 'pruned'].includes(row.status), `run ${row.run} is ${row.status}: ${row.error}`);
    const steps = readJsonLines(join(dir, '..', '..', row.run, 'metrics.jsonl')).map((r) => r.step);
    // one whose status was cut off may have gone beyond the rung that it is pruned at
    const count = row.status === 'pruned' ? Math.max(steps.length, row.step / 2) : row.step / 2;
    const wanted = Array.from({ length: count }, (_, i) => 2 * (i + 1));
    expectThat(JSON.stringify(steps) === JSON.stringify(wanted), `run ${row.run} has evaluations at ${steps}`);
  }
  const over = new Set<string>();
  for (const { run, what } of ledger(results)) {
    if (what === 'finished') over.add(run);
    else expectThat(!over.has(run), `run ${run} went on after it was finished`);
  }
}

/** Cuts the end off a file that is appended to, as a power cut may; returns how many were cut. */
function cutLog(results: string, k: Key): number {
  const journals = sweepDirs(results).map((d) => join(d, 'journal.jsonl'));
  const metrics = runDirs(results).flatMap((d) => (isOpen(d) ? [join(d, 'metrics.jsonl')] : []));
  const file = drawFile(k, [...journals, ...metrics]);
  if (file === undefined) return 0;
  const { size } = statSync(file);
  // metrics up to the last checkpoint were flushed before it; a journal may lose any of its last lines
  const most = file.endsWith('journal.jsonl') ? Math.min(size, 400) : lastLine(file);
  truncateSync(file, size - draw(k, 'bytes', most + 1));
  writeFileSync(`${file}.999.tmp`, 'left behind');
  return 1;
}

/**
 * Leaves nothing or half of a file that is written whole, as a power cut may where it was not flushed; returns how many were cut. A
 * status may be that of a run that is over, which is flushed: its checkpoint brings it back. A configuration is flushed as a run begins.
 */
function cutWhole(results: string, k: Key): number {
  const runs = runDirs(results);
  const tasks = sweepDirs(results).map((d) => join(d, 'tasks'));
  const file = drawFile(k, [
    ...runs.map((d) => join(d, 'status.json')),
    ...runs.filter((d) => isOpen(d) && lastStep(d) === 0).map((d) => join(d, 'config.json')),
    ...tasks.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))),
  ]);
  if (file === undefined) return 0;
  truncateSync(file, draw(k, 'half', 2) * Math.floor(statSync(file).size / 2));
  return 1;
}

function drawFile(k: Key, candidates: readonly string[]): string | undefined {
  const files = candidates.filter((f) => existsSync(f));
  return files[draw(k, 'file', Math.max(1, files.length))];
}

function isOpen(dir: string): boolean {
  return !['finished', 'pruned'].includes(readStatus(dir)?.status ?? '');
}

/** Bytes of the last line where it is of a step after the last checkpoint, else none. */
function lastLine(file: string): number {
  const last = readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(last === '' ? '{"step":0}' : last).step > lastStep(dirname(file)) ? last.length : 0;
}

/** Step of the last checkpoint of a run. */
function lastStep(dir: string): number {
  const path = join(dir, 'checkpoints', 'fake.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).step : 0;
}

function sweepDirs(results: string): string[] {
  const folder = join(results, 'fake', 'sweeps');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function runDirs(results: string): string[] {
  const folder = join(results, 'fake');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^[0-9a-f]{12}$/.test(name))
    .map((name) => join(folder, name));
}

function draw(k: Key, what: string, below: number): number {
  return randint(fold(k, what), 1, below)[0] ?? 0;
}

function expectThat(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
