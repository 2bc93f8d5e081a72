// Sweeps through their whole life by the real command: killed, gone on with, retried, compared, drawn and reported; and steered from outside.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listSweeps, sweepRows } from '@looplab/sweep';
import { isLocked, listCheckpoints, readJsonLines, readStatus } from '@looplab/train';
import { fromCSV } from 'arquero';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { type Kill, looplab } from './looplab.test-process.ts';

// Dozens of processes, which on a busy machine take seconds to begin.
vi.setConfig({ testTimeout: 600_000 });

const scratch = mkdtempSync(join(tmpdir(), 'looplab-chain-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));
afterEach(() => void vi.unstubAllEnvs());

const carry = ['--device', 'cpu', '--code', 'test', '--workers', '2'];
const tiny = ['sweep', 'experiments/quickstart/study.ts', '--scale', 'tiny', ...carry];

/** The folders of a study's runs. */
function runsOf(study: string): string[] {
  if (!existsSync(study)) return [];
  const names = readdirSync(study).filter((name) => /^[0-9a-f]{12}$/.test(name));
  return names.sort().map((name) => join(study, name));
}
const idOf = (dir: string): string => dir.slice(-12);
const having = (study: string, status: string): string[] =>
  runsOf(study).filter((dir) => readStatus(dir)?.status === status);
const eventsOf = (dir: string) => readJsonLines(join(dir, 'events.jsonl'));

interface Work {
  readonly dir: string;
  readonly pid: number;
}

/** The runs that are being trained and have a checkpoint, but not of the second half. */
function atWork(study: string): Work[] {
  return having(study, 'running').flatMap((dir) => {
    const { step } = listCheckpoints(join(dir, 'checkpoints')).at(-1) ?? { step: Number.POSITIVE_INFINITY };
    const lock = join(dir, 'run.lock');
    if (step > (readStatus(dir)?.steps ?? 0) / 2 || !isLocked(lock)) return [];
    return [{ dir, pid: JSON.parse(readFileSync(lock, 'utf8')).pid }];
  });
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (const end = Date.now() + 240_000; Date.now() < end; await sleep(5)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error('waited for 240 s in vain');
}

/** Starts a command that is to be killed. */
function started(args: readonly string[]): { kill: Kill; ended: ReturnType<typeof looplab> } {
  let send: Kill = () => {};
  const ended = looplab(args, undefined, (kill) => {
    send = kill;
  });
  return { kill: (signal) => send(signal), ended };
}

/** What the page of `looplab watch` lists. */
async function watched(results: string): Promise<{ id: string }[]> {
  const page = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'watch', results], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [address] = await once(page.stdout, 'data');
    const reply = await fetch(String(address).trim().replace('/?', '/runs?'));
    return ((await reply.json()) as { runs: { id: string }[] }).runs; // as the page's script reads it
  } finally {
    page.kill();
  }
}

/** Everything in a run's folder that training writes. */
const written = (dir: string): string =>
  ['metrics.jsonl', 'events.jsonl', 'status.json'].map((name) => readFileSync(join(dir, name), 'utf8')).join('\n');

it('a sweep whose driver and runs are killed ends with every run trained once, compared, drawn and reported', async () => {
  const results = join(scratch, 'chain');
  const at = ['--results', results];
  const study = join(results, 'quickstart');
  const settings = { 'train.steps': 40, 'train.evalEvery': 20, 'train.checkpointEvery': 5, 'train.logEvery': 1 };
  const command = [
    ...[...tiny, ...at, '--grid', 'model.dFF=8,16,24', '--seeds', '2', '--set', 'variants.plain.model.loops=1'],
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ];

  // the driver and one of its two runs are killed in the middle
  const first = started(command);
  const lost = await until(() => having(study, 'finished').length >= 3 && atWork(study)[0]);
  process.kill(lost.pid, 'SIGKILL');
  first.kill('SIGKILL');
  expect((await first.ended).code).toBeNull();
  await until(() => runsOf(study).every((dir) => !isLocked(join(dir, 'run.lock'))));
  const before = new Map(having(study, 'finished').map((dir) => [dir, written(dir)]));
  expect(before.size).toBeLessThan(12);

  // what was lost is no longer at work, whoever is asked
  expect(readStatus(lost.dir)?.status).toBe('running');
  const gone = { status: 'failed', cause: 'infra', error: 'its process is gone; the same command goes on' };
  const shown = await looplab(['runs', 'show', idOf(lost.dir), ...at, '--json']);
  expect(JSON.parse(shown.out)).toMatchObject(gone);
  const [{ id }] = JSON.parse((await looplab(['sweep', 'ls', ...at, '--json'])).out);
  const half = await looplab(['report', id, ...at]);
  expect(readFileSync(half.out.trim().slice('Report: '.length), 'utf8')).toContain('failed by the machine');
  const listed = await watched(results);
  expect(listed.find((r) => r.id.endsWith(idOf(lost.dir)))).toMatchObject({ state: 'failed', cause: 'infra' });

  // the same command goes on; this time a run is killed that it may not start again
  const second = started([...command, '--retries', '0']);
  const victim = await until(() => atWork(study).find((work) => work.dir !== lost.dir));
  process.kill(victim.pid, 'SIGKILL');
  const incomplete = await second.ended;
  expect(incomplete.code).toBe(1);
  expect(incomplete.err).toContain(`looplab sweep retry ${id} --infra, takes them up again`);
  expect(incomplete.err).toMatch(new RegExp(`${idOf(victim.dir)} .*killed by SIGKILL`));
  expect(readStatus(victim.dir)).toMatchObject({ status: 'failed', cause: 'infra' });
  expect(having(study, 'finished')).toHaveLength(11);
  // a mean is over what finished
  expect(incomplete.out).toMatch(/ 1 of 2 +\d\.\d+ +(1 finished, 1 failed\(infra\)|1 failed\(infra\), 1 finished)$/m);
  expect(incomplete.out.match(/ 2 of 2 +\d\.\d+ +2 finished$/gm)).toHaveLength(5);

  const retried = await looplab(['sweep', 'retry', id.slice(0, 6), '--infra', ...carry, ...at]);
  expect(retried.code).toBe(0);
  expect(retried.out.match(/ 2 of 2 +\d\.\d+ +2 finished$/gm)).toHaveLength(6);

  // nothing was trained twice
  const all = runsOf(study);
  expect(all).toHaveLength(12);
  for (const [dir, text] of before) expect(written(dir)).toBe(text);
  for (const dir of all) {
    const names = eventsOf(dir).map((e) => e.event);
    expect(names.filter((name) => name === 'started' || name === 'finished')).toEqual(['started', 'finished']);
    const steps = readJsonLines(join(dir, 'metrics.jsonl')).filter((m) => m.kind === 'train');
    expect(steps.map((m) => m.step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  }
  for (const { dir } of [lost, victim]) {
    expect(eventsOf(dir).findLast((e) => e.event === 'resumed')?.step).toBeGreaterThan(0);
  }
  expect(eventsOf(victim.dir).map((e) => e.event)).toEqual(expect.arrayContaining(['failed', 'retried', 'resumed']));
  const now = all.map(written);
  const again = await looplab(command);
  expect(again).toMatchObject({ code: 0, err: '12 runs, 12 done before\n' });
  expect(all.map(written)).toEqual(now);

  const chosen = ['--where', 'variant=plain', '--where', 'seed=1'];
  const { differences } = JSON.parse((await looplab(['runs', 'compare', ...chosen, ...at, '--json'])).out);
  expect(differences).toEqual([{ key: 'model.dFF', values: expect.arrayContaining([8, 16, 24]) }]);

  const experiments = ['--experiments', join(scratch, 'experiments')];
  const folder = join(scratch, 'experiments', 'small');
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(scratch, 'node_modules'));
  cpSync(join(import.meta.dirname, 'fixtures/collected.ts'), join(folder, 'figures.ts'));
  expect(await looplab(['figures', 'small', ...experiments, '--collect', study])).toMatchObject({ code: 0 });
  const collected = fromCSV(readFileSync(join(folder, 'data', 'runs.csv'), 'utf8'));
  expect(collected.array('run')).toEqual(all.map(idOf));
  expect(collected.array('step')).toEqual(all.map(() => 40));
  expect(await looplab(['figures', 'check', 'small', ...experiments])).toMatchObject({ code: 0 });

  const report = await looplab(['report', id, ...at]);
  const html = readFileSync(report.out.trim().slice('Report: '.length), 'utf8');
  for (const dir of all) expect(html).toContain(idOf(dir));
  expect(html).not.toContain('failed by the machine');
});

it('runs of a sweep that is driven are given up and the rest is stopped from another terminal, and the same command goes on without them', async () => {
  const at = ['--results', join(scratch, 'steered')];
  const study = join(scratch, 'steered', 'quickstart');
  const steps = ['--set', 'train.steps=40', '--set', 'train.evalEvery=20', '--set', 'train.checkpointEvery=5'];
  const command = [...tiny, ...at, '--grid', 'model.dFF=8,16', '--grid', 'variant=looped', '--seeds', '2', ...steps];
  const driver = started(command);
  const [pruned, saved] = await until(() => {
    const [a, b] = atWork(study);
    return a !== undefined && b !== undefined && [a, b];
  });
  // they wait, so that neither is over before it is told what follows
  for (const { pid } of [pruned, saved]) process.kill(pid, 'SIGSTOP');
  const [found] = listSweeps(join(scratch, 'steered'));
  const id = found?.manifest.id ?? '';
  const waiting = sweepRows(found?.dir ?? '').find((row) => row.status === 'planned')?.run ?? '';

  const given = [idOf(pruned.dir), waiting];
  const prune = await looplab(['sweep', 'prune', id, ...given, ...at]);
  expect(prune).toMatchObject({ code: 0, out: `given up: ${given.join(', ')}\n` });
  const cancel = await looplab(['sweep', 'cancel', id.slice(0, 6), ...at]);
  expect(cancel).toMatchObject({ code: 0, out: `sweep ${id}: its driver was asked to save the runs and end\n` });
  for (const { pid } of [pruned, saved]) process.kill(pid, 'SIGCONT');
  const stopped = await driver.ended;
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain(`sweep ${id} was stopped; the same command goes on`);
  expect(readStatus(pruned.dir)).toMatchObject({ status: 'pruned', error: 'given up by hand' });
  expect(readStatus(saved.dir)).toMatchObject({
    status: 'cancelled',
    error: expect.stringMatching(/run the same command to go on$/),
  });

  const { code, out } = await looplab([...command, '--json']);
  expect(code).toBe(0);
  const { rows } = JSON.parse(out) as { rows: { run: string; status: string }[] };
  expect(rows).toHaveLength(4);
  expect(
    rows
      .filter((r) => r.status === 'pruned')
      .map((r) => r.run)
      .sort(),
  ).toEqual(given.sort());
  expect(rows.filter((r) => r.status === 'finished')).toHaveLength(2);
  const stop = eventsOf(saved.dir).find((e) => e.event === 'cancelled')?.step;
  expect(stop).toBeLessThan(40);
  const starts = eventsOf(saved.dir).filter((e) => e.event === 'started' || e.event === 'resumed');
  expect(starts).toMatchObject([
    { event: 'started', step: 0 },
    { event: 'resumed', step: stop },
  ]);
  // what had not begun was never trained
  expect(eventsOf(join(study, waiting)).map((e) => e.event)).toEqual(['pruned']);
});

it('a run that failed through its own fault is tried again by retry --failed alone, from its last checkpoint', async () => {
  const ready = join(scratch, 'ready');
  vi.stubEnv('READY_FILE', ready);
  const at = ['--results', join(scratch, 'unready')];
  const study = join(scratch, 'unready', 'unready');
  const command = ['sweep', 'packages/cli/src/fixtures/unready.ts', ...carry, ...at];
  const failed = await looplab([...command, '--json']);
  expect(failed.code).toBe(1);
  expect(failed.err).toContain('the data are not ready');
  const { id, rows } = JSON.parse(failed.out);
  expect(rows).toMatchObject([{ status: 'failed', cause: 'user', step: 2 }]);

  writeFileSync(ready, '');
  expect((await looplab(command)).code).toBe(1);
  const infra = await looplab(['sweep', 'retry', id, '--infra', ...carry, ...at]);
  expect(infra).toMatchObject({ code: 1, err: expect.stringContaining('the data are not ready') });
  const [dir = ''] = runsOf(study);
  expect(eventsOf(dir).filter((e) => e.event === 'started' || e.event === 'resumed')).toHaveLength(1);

  const retried = await looplab(['sweep', 'retry', id, '--failed', ...carry, ...at, '--json']);
  expect(retried.code).toBe(0);
  expect(JSON.parse(retried.out).rows).toMatchObject([{ status: 'finished', step: 4 }]);
  const events = eventsOf(dir).filter((e) => e.event !== 'checkpoint');
  expect(events.map((e) => [e.event, e.step])).toEqual([
    ['started', 0],
    ['failed', 2],
    ['retried', 2],
    ['resumed', 2],
    ['finished', undefined],
  ]);
});
