// Run folders shown at a server: everything arrives, nothing twice, whatever request is lost on the way.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MlflowUnreachableError } from '../errors.ts';
import { MlflowClient } from '../rest/client.ts';
import { type FakeServer, fakeServer } from '../testing/fakeServer.ts';
import {
  appendLines,
  expectedPoints,
  metricLines,
  readBack,
  STARTED,
  setStatus,
  writeRun,
  writeSweep,
} from '../testing/runFolders.ts';
import { Destination } from './destination.ts';
import { sendRun } from './sendRun.ts';
import { syncRuns } from './syncRuns.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-mlflow-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const newDir = (): string => join(root, `results${++made}`, 'mano', 'abc123');

let fake: FakeServer;
let client: MlflowClient;
beforeEach(async () => {
  fake = await fakeServer({ pageSize: 50 });
  client = new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 0 });
});
afterEach(() => fake.close());

const send = (dir: string) => sendRun(new Destination(client), dir);
const changes = (): string[] =>
  fake.requests.map((r) => r.path).filter((p) => /create|log-|set-|update|delete|artifacts\//.test(p));
/** Points of the active runs as the server has them, doubles included. */
const stored = (): string[] =>
  [...fake.runs.values()]
    .filter((run) => run.info.lifecycle_stage === 'active')
    .flatMap((run) => run.points.map((p) => `${p.key} ${p.step} ${p.value} ${p.timestamp}`))
    .sort();

it('shows a run folder whole', async () => {
  const lines = metricLines(0, 200);
  const dir = writeRun(newDir(), { lines });
  const sent = await send(dir);
  expect(sent).toMatchObject({ isNew: true, isReplaced: false, files: 5, points: expectedPoints(lines).length });
  const [run, ...others] = await readBack(client, 'mano');
  expect(others).toEqual([]);
  expect(run).toMatchObject({
    name: 'looped seed 3',
    status: 'FINISHED',
    startTime: STARTED,
    endTime: STARTED + 60_000,
    points: expectedPoints(lines),
    params: {
      ...{ study: 'mano', variant: 'looped', 'strategy.id': 'loopLM', 'model.dModel': '8', 'model.loops': '2' },
      ...{ 'train.lr': '0.001', 'train.steps': '200', seed: '3', parameters: '1234' },
    },
    tags: {
      'looplab.run_id': 'abc123',
      'looplab.status': 'finished',
      'looplab.overrides': 'model.loops=2',
      'mlflow.source.git.commit': 'f00d',
    },
  });
  const files = fake.runs.get(run?.id ?? '')?.files;
  expect([...(files?.keys() ?? [])].sort()).toEqual(
    ['artifacts/plots/loss ü.svg', 'config.json', 'log.txt', 'manifest.json', 'overrides.json'].sort(),
  );
  expect(files?.get('config.json')).toEqual(readFileSync(join(dir, 'config.json')));
});

it('sends nothing the second time, and only what is new the third', async () => {
  const dir = writeRun(newDir(), { status: 'running', lines: metricLines(0, 100) });
  await send(dir);
  fake.requests.length = 0;
  expect(await send(dir)).toMatchObject({ isChanged: false, points: 0, files: 0 });
  expect(changes()).toEqual([]);
  const more = metricLines(100, 150);
  appendLines(dir, more);
  setStatus(dir, 'finished');
  expect(await send(dir)).toMatchObject({
    isChanged: true,
    isNew: false,
    points: expectedPoints(more).length,
    files: 0,
  });
  expect(changes()).toEqual(['runs/log-batch', 'runs/log-batch', 'runs/update']);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 150)));
});

it('leaves a torn last line for later', async () => {
  const dir = writeRun(newDir(), { lines: metricLines(0, 100) });
  const path = join(dir, 'metrics.jsonl');
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 5);
  await send(dir);
  expect(stored().length).toBe(expectedPoints(metricLines(0, 100)).length - 4);
  writeFileSync(path, whole);
  await send(dir);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 100)));
});

it('needs nothing but read access to the folder, and no memory of its own', async () => {
  const dir = writeRun(newDir(), { lines: metricLines(0, 60) });
  chmodSync(dir, 0o500);
  await send(dir);
  expect(existsSync(join(dir, 'mlflow.json'))).toBe(false);
  const other = await fakeServer();
  const second = new MlflowClient({ uri: other.uri, timeoutMs: 5000, retries: 0 });
  await sendRun(new Destination(second), dir);
  const withoutId = async (c: MlflowClient) => (await readBack(c, 'mano')).map(({ id: _, ...rest }) => rest);
  expect(await withoutId(second)).toEqual(await withoutId(client));
  await other.close();
});

describe('a training that went back to a checkpoint', () => {
  const before = metricLines(0, 200);
  const after = [...metricLines(0, 100), ...metricLines(100, 250, (step) => 5 + step / 6)];

  it('is made anew, since MLflow cannot forget points; notes of people stay', async () => {
    const dir = writeRun(newDir(), { status: 'running', lines: before });
    const { shown } = await send(dir);
    await client.setTag(shown.run.id, 'mlflow.note.content', 'looks good');
    await client.setTag(shown.run.id, 'mlflow.runName', 'my best run');
    writeRun(dir, { status: 'running', lines: after });
    expect(await send(dir)).toMatchObject({ isReplaced: true });
    expect(stored()).toEqual(expectedPoints(after));
    const [run, ...others] = await readBack(client, 'mano');
    expect(others).toEqual([]);
    expect(run?.tags).toMatchObject({ 'mlflow.note.content': 'looks good', 'looplab.run_id': 'abc123' });
    expect(run?.name).toBe('my best run');
    expect(await send(dir)).toMatchObject({ isChanged: false });
  });

  it('goes on where the server had only what is still there', async () => {
    const dir = writeRun(newDir(), { status: 'running', lines: metricLines(0, 100) });
    const { shown } = await send(dir);
    writeRun(dir, { status: 'running', lines: after });
    const sent = await send(dir);
    expect(sent.shown.run.id).toBe(shown.run.id);
    expect(stored()).toEqual(expectedPoints(after));
  });
});

describe('with any one request lost', () => {
  // The server keeps doubles, as MLflow's file store does; two log-batch requests with points, as one holds 16 KB of lines.
  const lines = metricLines(0, 1000);
  const expected = expectedPoints(lines);

  it.each(['cut before', 'cut within', 'cut after'] as const)(
    '(%s acting on it) the next call completes the run',
    async (mishap) => {
      for (let lost = 0; ; lost++) {
        for (const run of fake.runs.values()) run.info.lifecycle_stage = 'deleted';
        const dir = writeRun(newDir(), { lines });
        fake.requests.length = 0;
        fake.mishap = (_, index) => (index === lost ? mishap : undefined);
        const first = await send(dir).catch((error: unknown) => error);
        const isLost = fake.requests.length > lost;
        if (isLost) expect(first).toBeInstanceOf(MlflowUnreachableError);
        fake.mishap = undefined;
        await send(dir);
        const active = [...fake.runs.values()].filter((run) => run.info.lifecycle_stage === 'active');
        expect(active).toHaveLength(1);
        expect(active[0]?.info).toMatchObject({ status: 'FINISHED', end_time: STARTED + 60_000 });
        expect(active[0]?.files.size).toBe(5);
        expect(stored()).toEqual(expected);
        if (!isLost) {
          expect(lost).toBeGreaterThan(12);
          return;
        }
      }
    },
  );
});

it('makes one run where several processes start at once', async () => {
  const dir = writeRun(newDir(), { lines: metricLines(0, 50) });
  await client.ensureExperiment('mano');
  await Promise.allSettled(Array.from({ length: 5 }, () => send(dir)));
  // whoever gave way, or lost its run to another, finds the one that is left
  await send(dir);
  const runs = await readBack(client, 'mano');
  expect(runs).toHaveLength(1);
  // two of them may have sent the same points, which a database keeps once
  expect([...new Set(runs[0]?.points)]).toEqual(expectedPoints(metricLines(0, 50)));
});

describe('the runs of a sweep', () => {
  const study = (): { folder: string; dirs: string[] } => {
    const folder = join(root, `results${++made}`, 'mano');
    const dirs = ['a', 'b', 'c'].map((id) => writeRun(join(folder, id), { id, lines: metricLines(0, 30) }));
    const spec = { study: 'mano', search: { id: 'grid', options: { 'model.loops': [1, 2] } }, metric: 'accuracy' };
    writeSweep(join(folder, 'sweeps', 's1'), { id: 's1', createdAt: '2026-03-01T11:00:00.000Z', spec }, ['a', 'b']);
    return { folder, dirs };
  };
  const children = (): unknown[] =>
    [...fake.runs.values()].map(({ tags }) => `${tags.get('looplab.run_id')} ${tags.get('mlflow.parentRunId') ?? '-'}`);

  it('lie under one run of the sweep, which is over when they are', async () => {
    const { dirs } = study();
    setStatus(dirs[1] ?? '', 'running');
    await syncRuns(client, dirs);
    const [sweep] = [...fake.runs.values()];
    const id = sweep?.info.run_id;
    expect(children()).toEqual([`sweep-s1 -`, `a ${id}`, `b ${id}`, 'c -']);
    expect(sweep?.info).toMatchObject({ run_name: 'sweep s1: grid', status: 'RUNNING' });
    expect(Object.fromEntries(sweep?.params ?? [])).toEqual({
      ...{ study: 'mano', 'search.id': 'grid', 'search.options.model.loops': '[1,2]', metric: 'accuracy' },
    });
    setStatus(dirs[1] ?? '', 'failed');
    await syncRuns(client, dirs);
    expect(sweep?.info).toMatchObject({ status: 'FINISHED', end_time: STARTED + 60_000 });
    fake.requests.length = 0;
    await syncRuns(client, dirs);
    expect(changes()).toEqual([]);
    expect(fake.runs.size).toBe(4);
  });

  it('keep it open where it finds more to run while they train', async () => {
    const { folder, dirs } = study();
    const to = new Destination(client);
    await sendRun(to, dirs[0] ?? '');
    setStatus(dirs[2] ?? '', 'running');
    const job = { kind: 'job', job: 2, trial: 2, point: {}, runs: [{ run: 'c', seed: 0 }] };
    appendFileSync(join(folder, 'sweeps', 's1', 'journal.jsonl'), `${JSON.stringify(job)}\n`);
    await to.settleSweeps();
    const [sweep] = [...fake.runs.values()];
    expect(sweep?.info.status).toBe('RUNNING');
    setStatus(dirs[2] ?? '', 'finished');
    await to.settleSweeps();
    expect(sweep?.info.status).toBe('FINISHED');
  });

  it('that were sent before the sweep was are put under it', async () => {
    const { folder, dirs } = study();
    const sweeps = join(folder, 'sweeps');
    renameSync(sweeps, `${sweeps}.later`);
    await syncRuns(client, dirs);
    expect(children()).toEqual(['a -', 'b -', 'c -']);
    renameSync(`${sweeps}.later`, sweeps);
    await syncRuns(client, dirs);
    const id = [...fake.runs.values()].at(-1)?.info.run_id;
    expect(children()).toEqual([`a ${id}`, `b ${id}`, 'c -', 'sweep-s1 -']);
  });

  it('are shown without it where its files are damaged', async () => {
    const { folder, dirs } = study();
    writeFileSync(join(folder, 'sweeps', 's1', 'sweep.json'), '{"id":');
    expect((await syncRuns(client, dirs)).map((run) => run.outcome)).toEqual(['new', 'new', 'new']);
    expect(children()).toEqual(['a -', 'b -', 'c -']);
  });
});

describe('syncRuns', () => {
  it('reports each run, passes over what is broken, and asks the server once a study', async () => {
    const results = join(root, `results${++made}`);
    const dirs = ['a', 'b', 'c'].map((id) => writeRun(join(results, 'mano', id), { id, lines: metricLines(0, 30) }));
    writeFileSync(join(dirs[1] ?? '', 'status.json'), '{"status":');
    const seen: string[] = [];
    const outcome = await syncRuns(client, dirs, { onRun: (run) => seen.push(`${run.runId} ${run.outcome}`) });
    expect(seen).toEqual(['a new', 'undefined failed', 'c new']);
    expect(outcome[1]?.error).toMatch(/status\.json is not JSON; it may have been cut short/);
    fake.requests.length = 0;
    writeRun(dirs[1] ?? '', { id: 'b' });
    expect((await syncRuns(client, dirs)).map((run) => run.outcome)).toEqual(['same', 'new', 'same']);
    expect(fake.requests.filter((r) => r.path === 'runs/search')).toHaveLength(2); // the study, and after making b
  });

  it('takes the experiment it is given, and says which there are if that one is not', async () => {
    const dir = writeRun(newDir());
    await syncRuns(client, [dir], { experiment: { name: 'paper' } });
    expect(fake.experiments.map((e) => e.name)).toEqual(['paper']);
    await syncRuns(client, [dir], { experiment: { id: '1' } });
    expect(fake.runs.size).toBe(1);
    await expect(syncRuns(client, [dir], { experiment: { id: '7' } })).rejects.toThrow(
      /there is no experiment 7 at .*; set MLFLOW_EXPERIMENT_ID to one of 1 \(paper\), or unset it/,
    );
  });

  it('stops at what would meet every run', async () => {
    fake.mishap = () => ({ status: 401 });
    await expect(syncRuns(client, [writeRun(newDir()), writeRun(newDir())])).rejects.toThrow(/credentials/);
    expect(fake.requests).toHaveLength(1);
  });
});
