// Paging, chunking and the values that JSON does not have, against the small server.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeServer, fakeServer } from '../testing/fakeServer.ts';
import { MlflowClient } from './client.ts';

let fake: FakeServer;
let client: MlflowClient;
beforeEach(async () => {
  fake = await fakeServer({ pageSize: 3 });
  client = new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 0 });
});
afterEach(() => fake.close());

const all = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
  const entries: T[] = [];
  for await (const entry of list) entries.push(entry);
  return entries;
};
const newRun = async () =>
  client.createRun({ experimentId: await client.ensureExperiment('e'), name: 'r', startTime: 5 });

it('reads lists of any length, page by page', async () => {
  for (let i = 0; i < 7; i++) await client.ensureExperiment(`e${i}`);
  expect((await all(client.searchExperiments())).map((e) => e.name)).toEqual([
    'e0',
    'e1',
    'e2',
    'e3',
    'e4',
    'e5',
    'e6',
  ]);
  for (let i = 0; i < 7; i++) await client.createRun({ experimentId: '2', name: `r${i}`, startTime: i });
  expect((await all(client.searchRuns({ experimentIds: ['2'] }))).map((r) => r.name)).toHaveLength(7);
  expect(await all(client.searchRuns({ experimentIds: ['1'] }))).toEqual([]);
});

it('asks for the next page only when it is wanted', async () => {
  for (let i = 0; i < 7; i++) await client.ensureExperiment(`e${i}`);
  fake.requests.length = 0;
  for await (const experiment of client.searchExperiments()) if (experiment.name === 'e1') break;
  expect(fake.requests).toHaveLength(1);
});

it('does not turn in circles with a server that repeats itself', async () => {
  fake.mishap = () => ({ status: 200, body: '{"metrics":[],"next_page_token":"again"}' });
  await expect(all(client.metricHistory('x', 'loss'))).rejects.toThrow(/gave the same page twice/);
  expect(fake.requests).toHaveLength(2);
});

it('cuts what is logged into requests that the server takes', async () => {
  const { id } = await newRun();
  const params = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`p${i}`, 'x'.repeat(6000)]));
  const metrics = Array.from({ length: 2500 }, (_, step) => ({ key: 'loss', value: step, timestamp: step, step }));
  fake.requests.length = 0;
  await client.logBatch(id, { params, metrics, tags: { done: 'yes' } });
  const run = await client.run(id);
  expect(run.params).toEqual(params);
  expect(run.tags).toEqual({ done: 'yes' });
  expect(await all(client.metricHistory(id, 'loss'))).toEqual(metrics);
  await client.logBatch(id, {});
  expect(fake.requests.filter((r) => r.path === 'runs/log-batch')).toHaveLength(5); // 100, 100, 50 + 950, 1000, 550 + 1
});

it('sends and reads NaN and infinities', async () => {
  const { id } = await newRun();
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0.1, 1e-300];
  const metrics = values.map((value, step) => ({ key: 'v', value, timestamp: 1, step }));
  await client.logBatch(id, { metrics });
  expect(fake.runs.get(id)?.points.map((p) => p.value)).toEqual(['NaN', 'Infinity', '-Infinity', -0.1, 1e-300]);
  expect(await all(client.metricHistory(id, 'v'))).toEqual(metrics);
});

it('takes 64-bit numbers as text, and the largest double for an infinity, as servers give them', async () => {
  const points = [{ key: 'v', value: -Number.MAX_VALUE, timestamp: '12', step: '3' }];
  fake.mishap = () => ({ status: 200, body: JSON.stringify({ metrics: points }) });
  const expected = [{ key: 'v', value: Number.NEGATIVE_INFINITY, timestamp: 12, step: 3 }];
  expect(await all(client.metricHistory('x', 'v'))).toEqual(expected);
});

it('puts a run under another, as a sweep does', async () => {
  const parent = await newRun();
  const child = await client.createRun({ experimentId: '1', name: 'c', startTime: 6, parentRunId: parent.id });
  expect(child.tags).toEqual({ 'mlflow.parentRunId': parent.id });
});

it('does not take the name of a deleted experiment for a place to log to', async () => {
  await client.ensureExperiment('gone');
  for (const e of fake.experiments) e.lifecycle_stage = 'deleted';
  await expect(client.ensureExperiment('gone')).rejects.toThrow(
    /experiment gone was deleted at .*; restore it \(mlflow experiments restore --experiment-id 1\) or set MLFLOW_EXPERIMENT_NAME/,
  );
});
