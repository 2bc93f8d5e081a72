// Trackers: each goes through the same suite, in which a run trains as if nobody watched.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loopLM } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { MlflowClient, syncRuns } from '@looplab/mlflow';
import { type FakeServer, fakeServer } from '@looplab/mlflow/testing';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Callback } from '../callback.ts';
import { readJsonLines } from '../jsonLines.ts';
import { tempDir } from '../testing/tempDir.ts';
import { type RunResult, type TrainRunOptions, trainRun } from '../trainRun.ts';
import { compositeTracker } from './compositeTracker.ts';
import { mlflowTracker, trackerFromEnvironment } from './mlflowTracker.ts';
import { noTracker } from './noTracker.ts';
import type { Tracker } from './tracker.ts';

let fake: FakeServer;
/** A run that nobody watches. */
let plain: RunResult;
beforeAll(async () => {
  await useDevice({ kind: 'cpu' });
  fake = await fakeServer();
  plain = await trainRun(tiny({ tracker: noTracker }));
});
afterAll(() => fake.close());
afterEach(() => {
  fake.runs.clear();
  fake.mishap = undefined;
  vi.unstubAllEnvs();
});

const tiny = (more: Partial<TrainRunOptions> = {}): TrainRunOptions => ({
  study: 'tiny',
  task: groupWords({ group: 'Z2', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 12, batch: 4, lr: 0.01, warmup: 2, evalEvery: 6, evalBatches: 2, checkpointEvery: 3, logEvery: 4 },
  seed: 3,
  dir: join(tempDir(), 'run'),
  ...more,
});

/** Metrics without what depends on the clock. */
const metrics = (dir: string): object[] =>
  readJsonLines(join(dir, 'metrics.jsonl')).map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest);
const log = (dir: string): string => readFileSync(join(dir, 'log.txt'), 'utf8');

const settings = () => ({ uri: fake.uri, timeoutMs: 5000, retries: 0 });

/** Writes down what it is told. */
function recorder(): Tracker & { readonly told: string[] } {
  const told: string[] = [];
  return {
    name: 'recorder',
    told,
    start: ({ config, startStep }) => void told.push(`start ${config.study} at ${startStep}`),
    log: ({ kind, step }) => void told.push(`${kind} ${step}`),
    finish: async ({ status, step, summary }) => void told.push(`${status} ${step}, evaluated at ${summary?.step}`),
  };
}

/** Throws in the method that is named. */
function broken(where: 'start' | 'log' | 'finish'): Tracker {
  const fail = (here: string): void => {
    if (here === where) throw new Error(`no ${where}`);
  };
  return {
    name: 'broken',
    start: () => fail('start'),
    log: () => fail('log'),
    finish: async () => fail('finish'),
  };
}

const trackers: readonly (readonly [what: string, make: () => Tracker])[] = [
  ['none', () => noTracker],
  ['a recorder', recorder],
  ['two at once', () => compositeTracker([recorder(), noTracker], () => {})],
  ['none of none', () => compositeTracker([], () => {})],
  ['MLflow', () => mlflowTracker({ settings: settings() })],
  ['MLflow that is not there', () => mlflowTracker({ settings: { ...settings(), uri: 'http://127.0.0.1:9' } })],
  ['one that fails at the start', () => broken('start')],
  ['one that fails at a line', () => broken('log')],
  ['one that fails at the end', () => broken('finish')],
];

describe.each(trackers)('with tracker %s', (_, make) => {
  test('a run trains, is stopped and goes on as without', async () => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const options = tiny();
    const controller = new AbortController();
    const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step === 7 && controller.abort()) };
    const first = trainRun({ ...options, tracker: make(), callbacks: [stop], signal: controller.signal });
    await expect(first).rejects.toThrow(/after step 7/);
    const { evaluation } = await trainRun({ ...options, tracker: make() });
    expect({ ...evaluation, time: 0 }).toEqual({ ...plain.evaluation, time: 0 });
    expect(metrics(options.dir)).toEqual(metrics(plain.dir));
  });
});

test('a tracker is told of everything in order, and of each end', async () => {
  const options = tiny();
  const tracker = recorder();
  const controller = new AbortController();
  const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step === 7 && controller.abort()) };
  await trainRun({ ...options, tracker, callbacks: [stop], signal: controller.signal }).catch(() => {});
  await trainRun({ ...options, tracker });
  await trainRun({ ...options, tracker }); // finished before: nothing happens, so nothing is told
  expect(tracker.told).toEqual([
    ...['start tiny at 0', 'train 4', 'eval 6', 'cancelled 7, evaluated at 6'],
    ...['start tiny at 7', 'train 8', 'train 12', 'eval 12', 'finished 12, evaluated at 12'],
  ]);
});

test('one that fails is named once and told nothing more; its neighbours do not notice', async () => {
  const lines: string[] = [];
  const [before, after] = [recorder(), recorder()];
  const tracker = compositeTracker([before, broken('log'), after], (line) => lines.push(line));
  await trainRun(tiny({ tracker }));
  expect(lines).toEqual(['tracker broken failed and is told nothing more: no log']);
  expect(after.told).toEqual(before.told);
  expect(after.told).toHaveLength(7);
  const ends = compositeTracker([broken('finish'), after], (line) => lines.push(line));
  await ends.finish({ status: 'finished', step: 1, summary: undefined });
  expect(lines[1]).toBe('tracker broken failed and is told nothing more: no finish');
  expect(after.told.at(-1)).toBe('finished 1, evaluated at undefined');
});

describe('with MLFLOW_TRACKING_URI', () => {
  /** Values of a metric at the server by step. */
  const history = (key: string): object => {
    const [run] = fake.runs.values();
    return Object.fromEntries((run?.points ?? []).filter((p) => p.key === key).map((p) => [p.step, p.value]));
  };

  test('runs stream there, and a stopped one goes on there', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
    const options = tiny();
    const controller = new AbortController();
    const stop: Callback = { name: 'stop', onStep: ({ step }) => void (step === 7 && controller.abort()) };
    await trainRun({ ...options, callbacks: [stop], signal: controller.signal }).catch(() => {});
    const [run] = fake.runs.values();
    expect(run?.info.status).toBe('KILLED');
    await trainRun(options);
    expect(fake.runs.size).toBe(1);
    expect(fake.experiments.map((e) => e.name)).toContain('tiny');
    expect(run?.info.status).toBe('FINISHED');
    expect(run?.params.get('model.loops')).toBe('2');
    const written = (kind: string, value: (r: Record<string, unknown>) => unknown): object =>
      Object.fromEntries(
        readJsonLines(join(options.dir, 'metrics.jsonl'))
          .filter((r) => r.kind === kind)
          .map((r) => [r.step, value(r)]),
      );
    expect(history('train/loss')).toEqual(written('train', (r) => r.loss));
    expect(history('train/tokensPerSecond')).toEqual(written('train', (r) => r.tokensPerSecond));
    expect(history('eval/accuracy')).toEqual(written('eval', (r) => r.accuracy));
    expect(history('eval/lossPerLoop/02')).toEqual(written('eval', (r) => (r.lossPerLoop as number[])[1]));
    expect([...(run?.files.keys() ?? [])].sort()).toEqual([
      'config.json',
      'log.txt',
      'manifest.json',
      'overrides.json',
    ]);
    // what was streamed is what a rebuild from the folder would send
    expect(await syncRuns(new MlflowClient(settings()), [options.dir])).toMatchObject([{ outcome: 'same' }]);
  });

  test('a run that crashed and wrote lines anew is made anew there', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
    const options = tiny({ train: { ...tiny().train, checkpointEvery: 5 } });
    const crash: Callback = {
      name: 'crash',
      onStep: ({ step }) => {
        if (step === 9) throw new Error('crash');
      },
    };
    await expect(trainRun({ ...options, callbacks: [crash] })).rejects.toThrow('crash');
    // the line of step 8 is there, and is going to be written again from the checkpoint of step 5
    expect(Object.keys(history('train/loss'))).toEqual(['4', '8']);
    await trainRun(options);
    const active = [...fake.runs.values()].filter((run) => run.info.lifecycle_stage === 'active');
    expect(active).toHaveLength(1);
    const lines = readJsonLines(join(options.dir, 'metrics.jsonl')).filter((r) => r.kind === 'train');
    const speeds = (active[0]?.points ?? []).filter((p) => p.key === 'train/tokensPerSecond');
    expect(speeds.map((p) => [p.step, p.value])).toEqual(lines.map((r) => [r.step, r.tokensPerSecond]));
    expect(active[0]?.info.status).toBe('FINISHED');
  });

  test('to a server that is away, the run trains, says so once, and is sent later', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    warn.mockClear();
    vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
    vi.stubEnv('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '0');
    fake.mishap = () => 'cut before';
    const options = tiny();
    await trainRun(options);
    expect(fake.runs.size).toBe(0);
    const said =
      /MLflow server at .* cannot be reached.*The run goes on; what is missing there can be sent with: looplab mlflow sync/;
    expect(warn.mock.calls).toEqual([[expect.stringMatching(said), 'TrackingWarning']]);
    expect(log(options.dir)).toMatch(said);
    fake.mishap = undefined;
    const [synced] = await syncRuns(new MlflowClient(settings()), [options.dir]);
    expect(synced).toMatchObject({ outcome: 'new', files: 4 });
    expect(Object.keys(history('train/loss'))).toEqual(['4', '8', '12']);
  });

  test('that is no address, the run trains untracked and says so', async () => {
    const lines: string[] = [];
    const report = (line: string): void => void lines.push(line);
    expect(trackerFromEnvironment({ MLFLOW_TRACKING_URI: 'sqlite:///x.db' }, report)).toBe(noTracker);
    expect(lines).toEqual([expect.stringMatching(/sqlite:.* is not the address of an MLflow server.* not tracked/)]);
    expect(trackerFromEnvironment({}, report)).toBe(noTracker);
    expect(trackerFromEnvironment({ MLFLOW_TRACKING_URI: fake.uri }, report).name).toBe('mlflow');
    expect(lines).toHaveLength(1);
  });
});
