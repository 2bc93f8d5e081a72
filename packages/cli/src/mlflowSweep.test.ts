// A real sweep at an MLflow server: its runs stream there from their own processes and lie under one run of the sweep.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopLM } from '@looplab/core';
import { findRuns, MlflowClient, syncRuns } from '@looplab/mlflow';
import { fakeServer } from '@looplab/mlflow/testing';
import { entropyRegularised } from '@looplab/objectives';
import { grid, sweep } from '@looplab/sweep';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { afterAll, expect, it, vi } from 'vitest';

const results = mkdtempSync(join(tmpdir(), 'looplab-cli-sweep-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'Z2', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 4, batch: 4, lr: 0.01, warmup: 1, evalEvery: 2, evalBatches: 1, checkpointEvery: 2, logEvery: 2 },
});

it('shows a sweep as one run with its runs under it', { timeout: 120_000 }, async () => {
  const fake = await fakeServer();
  vi.stubEnv('MLFLOW_TRACKING_URI', fake.uri);
  const search = grid({ 'model.loops': [1, 2, 3] });
  const table = await sweep(study, { search, results, device: 'cpu', workers: 2, threads: 1, code: 'test' });
  vi.unstubAllEnvs();
  expect(table.array('status')).toEqual(['finished', 'finished', 'finished']);

  const active = () => [...fake.runs.values()].filter((run) => run.info.lifecycle_stage === 'active');
  const parents = active().filter((run) => run.tags.has('looplab.sweep'));
  const children = active().filter((run) => !run.tags.has('looplab.sweep'));
  expect(parents).toHaveLength(1);
  expect(children).toHaveLength(3);
  for (const { tags, info } of children) {
    expect(tags.get('mlflow.parentRunId')).toBe(parents[0]?.info.run_id);
    expect(info.status).toBe('FINISHED');
  }
  expect(children.map(({ params }) => params.get('model.loops')).sort()).toEqual(['1', '2', '3']);

  // the process of the last run may have ended before the sweep's own files were settled; sync has the last word
  const client = new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 0 });
  const dirs = findRuns(join(results, 'tiny'));
  expect((await syncRuns(client, dirs)).map((run) => run.outcome)).toEqual(['same', 'same', 'same']);
  expect(parents[0]?.info.status).toBe('FINISHED');
  await fake.close();
});
