// `looplab mlflow sync` through the real command: what it sends, what it says, and what is left when it is killed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectedPoints, type FakeServer, fakeServer, metricLines, writeRun } from '@looplab/mlflow/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Kill, looplab } from './looplab.test-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'looplab-cli-mlflow-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let made = 0;
/** A results folder with runs `a`, `b`, ... of study `mano`. */
const newResults = (count: number): string => {
  const results = join(scratch, `results${++made}`);
  for (let i = 0; i < count; i++) {
    const id = String.fromCharCode(97 + i);
    writeRun(join(results, 'mano', id), { id, lines: metricLines(0, 300), config: { seed: i } });
  }
  return results;
};

let fake: FakeServer;
beforeEach(async () => {
  fake = await fakeServer();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await fake.close();
});
const stored = (): string[][] =>
  [...fake.runs.values()]
    .filter((run) => run.info.lifecycle_stage === 'active')
    .map((run) => run.points.map((p) => `${p.key} ${p.step} ${p.value} ${p.timestamp}`).sort());

describe('looplab mlflow sync', { timeout: 60_000 }, () => {
  it('sends all runs, then says that there is nothing to send', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
    const results = newResults(2);
    const first = await looplab(['mlflow', 'sync', '--results', results]);
    expect({ code: first.code, err: first.err }).toEqual({ code: 0, err: '' });
    expect(first.out).toMatch(/mano\/a +new +\d+ +5\n.*mano\/b +new .*\n\n2 sent to http:.*, 0 up to date\n$/s);
    expect(stored()).toEqual([expectedPoints(metricLines(0, 300)), expectedPoints(metricLines(0, 300))]);
    const again = await looplab(['mlflow', 'sync', '--results', results]);
    expect(again.out).toBe(`0 sent to ${fake.uri}, 2 up to date\n`);
  });

  it('sends the runs that are named, by folder or id, and tells programs in JSON', async () => {
    const results = newResults(3);
    const args = ['mlflow', 'sync', 'b', join(results, 'mano', 'c'), '--results', results, '--uri', fake.uri, '--json'];
    const { code, out } = await looplab(args);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject([
      { runId: 'b', outcome: 'new' },
      { runId: 'c', outcome: 'new' },
    ]);
  });

  it('killed at any moment, leaves what the next call completes', async () => {
    const results = newResults(3);
    const args = ['mlflow', 'sync', '--results', results, '--uri', fake.uri];
    let kill: Kill = () => {};
    for (const at of [2, 5, 7, 4]) {
      const before = fake.requests.length;
      // the request is answered after the process is gone, or is not
      fake.mishap = (_, index) => {
        if (index - before === at) kill('SIGKILL');
        return index - before === at && at % 2 === 0 ? 'cut within' : undefined;
      };
      const { code } = await looplab(args, undefined, (k) => {
        kill = k;
      });
      expect(code).toBeNull();
    }
    fake.mishap = undefined;
    expect((await looplab(args)).code).toBe(0);
    expect(stored()).toEqual(Array(3).fill(expectedPoints(metricLines(0, 300))));
  });

  it('reports a run that cannot be sent and sends the others', async () => {
    const results = newResults(2);
    writeFileSync(join(results, 'mano', 'a', 'config.json'), '{"seed":');
    const { code, out, err } = await looplab(['mlflow', 'sync', '--results', results, '--uri', fake.uri]);
    expect(code).toBe(1);
    expect(out).toMatch(/mano\/b +new/);
    expect(err).toMatch(
      /1 of 2 runs could not be sent:\nlooplab: .*mano\/a: .*config\.json is not JSON; it may have been cut/,
    );
  });

  it.each([
    [
      'no server',
      ['sync', '--results', scratch],
      2,
      'no server is named; set MLFLOW_TRACKING_URI, give --uri, or start one',
    ],
    [
      'a wrong address',
      ['sync', '--uri', 'sqlite:///x.db'],
      2,
      'sqlite:///x.db is not the address of an MLflow server',
    ],
    [
      'a run that is not there',
      ['sync', 'nope', '--results', newResults(1), '--uri', 'http://h'],
      2,
      'there is no folder nope and no run of that id in',
    ],
    [
      'a folder without runs',
      ['sync', 'docs', '--uri', 'http://h'],
      2,
      'no run in docs: a run is a folder with a config.json',
    ],
    ['an unknown word', ['upload'], 2, 'Invalid values'],
    ['a wrong port', ['ui', '--port', 'high'], 2, '--port must be a whole number from 1 to 65535 (got high)'],
    ['a port too high', ['ui', '--port', '70000'], 2, '--port must be a whole number from 1 to 65535 (got 70000)'],
  ])('refuses %s', async (_, args, code, message) => {
    vi.stubEnv('MLFLOW_TRACKING_URI', undefined);
    const ended = await looplab(['mlflow', ...args]);
    expect({ code: ended.code, out: ended.out }).toEqual({ code, out: '' });
    expect(ended.err).toContain(message);
    expect(ended.err).not.toMatch(/^\s+at /m);
  });

  it('says what is wrong with the credentials or the experiment', async () => {
    const args = ['mlflow', 'sync', '--results', newResults(1), '--uri', fake.uri];
    fake.mishap = () => ({ status: 401 });
    expect(await looplab(args)).toMatchObject({ code: 1, err: expect.stringContaining('MLFLOW_TRACKING_TOKEN') });
    fake.mishap = undefined;
    vi.stubEnv('MLFLOW_EXPERIMENT_ID', '9');
    const unknown = await looplab(args);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('there is no experiment 9 at') });
  });
});

describe('looplab run', { timeout: 60_000 }, () => {
  it('streams its runs to the server of MLFLOW_TRACKING_URI', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
    const results = join(scratch, 'run');
    const study = 'experiments/quickstart/study.ts';
    const { code } = await looplab(['run', study, '--scale', 'tiny', '--device', 'cpu', '--results', results]);
    expect(code).toBe(0);
    expect(fake.experiments.map((e) => e.name)).toEqual(['quickstart']);
    expect([...fake.runs.values()].map((run) => run.info.status)).toEqual(['FINISHED', 'FINISHED']);
    const { out } = await looplab(['mlflow', 'sync', '--results', results]);
    expect(out).toBe(`0 sent to ${fake.uri}, 2 up to date\n`);
  });
});
