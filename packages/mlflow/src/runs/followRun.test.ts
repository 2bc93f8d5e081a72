// A run followed while it trains: the server may be away, slow or gone for good; the training notices nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { MlflowClient } from '../rest/client.ts';
import { type FakeServer, fakeServer } from '../testing/fakeServer.ts';
import { appendLines, expectedPoints, metricLines, setStatus, writeRun } from '../testing/runFolders.ts';
import { followRun, type RunFollower } from './followRun.ts';
import { syncRuns } from './syncRuns.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-follow-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

let fake: FakeServer;
let lines: string[] = [];
let dir = '';
beforeEach(async () => {
  fake = await fakeServer();
  lines = [];
  dir = writeRun(join(root, `run${++made}`), { status: 'running' });
});
afterEach(() => fake.close());

const follow = (): RunFollower =>
  followRun(dir, {
    http: { uri: fake.uri, timeoutMs: 5000, retries: 5, sleep: async () => {} },
    report: (line) => lines.push(line),
    interval: 1,
    pauses: [5, 20],
  });
/** Writes lines as a training does and says so, and lets the follower run for a moment. */
const train = async (follower: RunFollower, from: number, to: number): Promise<void> => {
  appendLines(dir, metricLines(from, to));
  follower.changed();
  await new Promise((done) => setTimeout(done, 30));
};
const stored = (): string[] =>
  [...fake.runs.values()]
    .flatMap((run) => run.points.map((p) => `${p.key} ${p.step} ${p.value} ${p.timestamp}`))
    .sort();
const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((done) => setTimeout(done, 5));
};

it('is at the server while it trains, and whole at the end', async () => {
  const follower = follow();
  await train(follower, 0, 50);
  await until(() => stored().length === expectedPoints(metricLines(0, 50)).length);
  const [run] = fake.runs.values();
  expect(run?.info.status).toBe('RUNNING');
  await train(follower, 50, 100);
  setStatus(dir, 'finished');
  expect(await follower.finish()).toBe(true);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 100)));
  expect(run?.info.status).toBe('FINISHED');
  expect(run?.files.size).toBe(5);
  expect(lines).toEqual([]);
});

it('asks for its run once, not at every line', async () => {
  const follower = follow();
  for (let step = 0; step < 200; step += 50) await train(follower, step, step + 50);
  setStatus(dir, 'finished');
  await follower.finish();
  expect(fake.requests.filter((r) => r.path === 'runs/search')).toHaveLength(2); // before and after making it
});

it('catches up by itself when the server comes back, and says each once', async () => {
  let isAway = true;
  fake.mishap = () => (isAway ? 'cut before' : undefined);
  const follower = follow();
  await train(follower, 0, 50);
  await until(() => fake.requests.length > 6);
  expect(lines).toEqual([expect.stringMatching(/cannot be reached.*The run goes on; what is missing.*mlflow sync /)]);
  isAway = false;
  // no further line is needed
  await until(() => stored().length > 0 && lines.length > 1);
  expect(lines[1]).toMatch(/can be reached again and has this run/);
  setStatus(dir, 'finished');
  expect(await follower.finish()).toBe(true);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 50)));
});

it('loses and doubles nothing on a line that breaks again and again', async () => {
  let n = 0;
  fake.mishap = () => (['cut before', 'cut within', 'cut after', undefined] as const)[n++ % 7];
  const follower = follow();
  for (let step = 0; step < 300; step += 50) await train(follower, step, step + 50);
  fake.mishap = undefined;
  setStatus(dir, 'finished');
  expect(await follower.finish()).toBe(true);
  const active = [...fake.runs.values()].filter((run) => run.info.lifecycle_stage === 'active');
  expect(active).toHaveLength(1);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 300)));
});

it('does not keep a finished run waiting for a server that hangs; sync sends the rest', async () => {
  fake.mishap = () => 'hang';
  const follower = follow();
  await train(follower, 0, 50);
  setStatus(dir, 'finished');
  const from = performance.now();
  expect(await follower.finish(100)).toBe(false);
  expect(performance.now() - from).toBeLessThan(2000); // generous: it must not be the request's 5 s
  expect(lines).toEqual([expect.stringMatching(/no answer within 0\.1 s.* What is missing there can .*mlflow sync /)]);
  fake.mishap = undefined;
  await syncRuns(new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 0 }), [dir]);
  expect(stored()).toEqual(expectedPoints(metricLines(0, 50)));
});

it('does not fail a run whose folder or credentials are bad', async () => {
  fake.mishap = () => ({ status: 401 });
  const follower = follow();
  await train(follower, 0, 50);
  rmSync(dir, { recursive: true });
  expect(await follower.finish()).toBe(false);
  expect(lines).toEqual([expect.stringMatching(/wants other credentials/)]);
});
