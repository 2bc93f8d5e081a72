// Everything against a real MLflow server: what is written is read back. Run for the newest tested release and the oldest.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putArtifact } from '../rest/artifacts.ts';
import { MlflowClient, type Run } from '../rest/client.ts';
import { settingsFromEnvironment } from '../rest/settings.ts';
import { followRun } from '../runs/followRun.ts';
import { syncRuns } from '../runs/syncRuns.ts';
import { installedMlflows } from '../server/findMlflow.ts';
import { type MlflowServer, startServer } from '../server/startServer.ts';
import { freePort } from './freePort.ts';
import { appendLines, expectedPoints, metricLines, readBack, setStatus, writeRun, writeSweep } from './runFolders.ts';

const cache = join(import.meta.dirname, '../../../../.cache');

const all = async <T>(list: AsyncIterable<T>): Promise<T[]> => {
  const entries: T[] = [];
  for await (const entry of list) entries.push(entry);
  return entries;
};

/** Tests of the release of MLflow with this major version, where `tools/setup-mlflow.sh` has installed it. */
export function realServerSuite(major: number): void {
  const found = installedMlflows(cache).find(({ version }) => version.startsWith(`${major}.`));
  const title = found ? `MLflow ${found.version}` : 'skipped: needs an MLflow server, run tools/setup-mlflow.sh';
  describe.skipIf(found === undefined)(title, { timeout: 60_000 }, () => suite(found?.command ?? ''));
}

function suite(command: string): void {
  const root = mkdtempSync(join(tmpdir(), 'looplab-real-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let server: MlflowServer;
  let client: MlflowClient;
  const folder = join(root, 'server');
  const start = async (port: number): Promise<void> => {
    server = await startServer({ mlflow: { command, args: [], what: 'MLflow' }, folder, port });
  };
  beforeAll(async () => {
    await start(await freePort());
    const settings = settingsFromEnvironment({ MLFLOW_TRACKING_URI: server.uri });
    if (!settings) throw new Error('an address was given');
    client = new MlflowClient(settings);
  }, 120_000);
  afterAll(async () => server?.stop('SIGKILL'));

  it('gives back every parameter, point and tag', async () => {
    const experimentId = await client.ensureExperiment('round trip ü/1');
    expect(await client.ensureExperiment('round trip ü/1')).toBe(experimentId);
    await client.setExperimentTag(experimentId, 'claim', 'holds');
    const tags = { first: 'ü\n"quoted"', 'a/b': 'x'.repeat(5000) };
    const { id } = await client.createRun({ experimentId, name: 'näme', startTime: 1_700_000_000_123, tags });
    const params: Record<string, string> = { long: 'é'.repeat(6000), ['k'.repeat(250)]: '', 'model.d': '8' };
    for (let i = 0; i < 240; i++) params[`p/${i}`] = String(i / 7);
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1, -1e-300, 1e300, 0, 123456789];
    const metrics = values.flatMap((value, v) =>
      Array.from({ length: 300 }, (_, step) => ({ key: `m/${v}`, value, timestamp: 1_700_000_000_000 + step, step })),
    );
    await client.logBatch(id, { params, metrics, tags: { last: '1' } });

    const run = await client.run(id);
    expect(run).toMatchObject({ name: 'näme', experimentId, status: 'RUNNING', startTime: 1_700_000_000_123 });
    expect(run.params).toEqual(params);
    expect(run.tags).toMatchObject({ ...tags, last: '1', 'mlflow.runName': 'näme' });
    for (const [v, value] of values.entries()) {
      const key = `m/${v}`;
      expect(run.metrics[key]).toEqual({ key, value, timestamp: 1_700_000_000_299, step: 299 });
      const history = await all(client.metricHistory(id, key, 70));
      const bySteps = history.sort((a, b) => a.step - b.step);
      expect(bySteps).toEqual(metrics.filter((m) => m.key === key));
    }
    // the same again changes nothing; 2.14 takes only so much of it, see logBatch
    await client.logBatch(id, { params, metrics: metrics.filter((m) => m.key === 'm/3').slice(0, 100), tags });
    expect(await all(client.metricHistory(id, 'm/3'))).toHaveLength(300);

    await client.setTag(id, 'extra', 'yes');
    await client.deleteTag(id, 'extra');
    await client.updateRun(id, { status: 'FINISHED', endTime: 1_700_000_001_000 });
    const ended = await client.run(id);
    expect(ended).toMatchObject({ status: 'FINISHED', endTime: 1_700_000_001_000 });
    expect(ended.tags.extra).toBeUndefined();
    expect((await client.experimentById(experimentId))?.tags.claim).toBe('holds');
  });

  it('finds runs by what they hold, page by page, deleted ones apart', async () => {
    const experimentId = await client.ensureExperiment('search');
    const parent = await client.createRun({ experimentId, name: 'sweep', startTime: 1 });
    const children: Run[] = [];
    for (let i = 0; i < 5; i++) {
      const child = { experimentId, name: `run ${i}`, startTime: 2 + i, parentRunId: parent.id, tags: { i: `${i}` } };
      children.push(await client.createRun(child));
    }
    const filter = `tags.\`mlflow.parentRunId\` = '${parent.id}'`;
    const search = { experimentIds: [experimentId], filter, orderBy: ['attributes.start_time ASC'], pageSize: 2 };
    expect((await all(client.searchRuns(search))).map((r) => r.name)).toEqual(children.map((r) => r.name));
    await client.deleteRun(children[1]?.id ?? '');
    expect(await all(client.searchRuns(search))).toHaveLength(4);
    expect((await all(client.searchRuns({ ...search, view: 'DELETED_ONLY' }))).map((r) => r.isDeleted)).toEqual([true]);
    await client.restoreRun(children[1]?.id ?? '');
    expect(await all(client.searchRuns(search))).toHaveLength(5);
    for (let i = 0; i < 3; i++) await client.ensureExperiment(`many ${i}`);
    const many = (await all(client.searchExperiments("name LIKE 'many%'", 1))).map((e) => e.name);
    expect(many.sort()).toEqual(['many 0', 'many 1', 'many 2']);
  });

  it('keeps files and gives them back', async () => {
    const experimentId = await client.ensureExperiment('files');
    const run = await client.createRun({ experimentId, name: 'files', startTime: 1 });
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 256);
    writeFileSync(join(root, 'weights.bin'), bytes);
    writeFileSync(join(root, 'empty.txt'), '');
    await putArtifact(client, run, 'plots/deep er/grün 1.bin', join(root, 'weights.bin'));
    await putArtifact(client, run, 'empty.txt', join(root, 'empty.txt'));
    expect(await all(client.artifacts(run.id))).toMatchObject([
      { path: 'empty.txt', isFolder: false, bytes: 0 },
      { path: 'plots', isFolder: true },
    ]);
    expect(await all(client.artifacts(run.id, 'plots/deep er'))).toEqual([
      { path: 'plots/deep er/grün 1.bin', isFolder: false, bytes: bytes.length },
    ]);
    expect(Buffer.from(await client.artifact(run.id, 'plots/deep er/grün 1.bin')).equals(bytes)).toBe(true);
    await expect(putArtifact(client, run, '../x', join(root, 'empty.txt'))).rejects.toThrow(/cannot be the path/);
    await expect(putArtifact(client, run, 'x', join(root, 'none'))).rejects.toThrow(/cannot read .*none/);
  });

  it('refuses in words', async () => {
    await expect(client.run('0'.repeat(32))).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' });
    const experimentId = await client.ensureExperiment('refused');
    const run = await client.createRun({ experimentId, name: 'r', startTime: 1 });
    await client.logBatch(run.id, { params: { a: '1' } });
    await expect(client.logBatch(run.id, { params: { a: '2' } })).rejects.toThrow(
      /Changing param values is not allowed/,
    );
    await expect(syncRuns(client, [writeRun(join(root, 'x'))], { experiment: { id: '99' } })).rejects.toThrow(
      /there is no experiment 99 at .*; set MLFLOW_EXPERIMENT_ID to one of .*\(refused\)/,
    );
  });

  it('shows run folders, the same however often they are sent, also where a training went back', async () => {
    const dirs = ['a', 'b'].map((id) =>
      writeRun(join(folder, 'runs', id), { id, study: 'shown', lines: metricLines(0, 200) }),
    );
    const rewritten = [...metricLines(0, 100), ...metricLines(100, 250, (step) => 5 + step / 6)];
    expect((await syncRuns(client, dirs)).map((r) => r.outcome)).toEqual(['new', 'new']);
    const first = await readBack(client, 'shown');
    for (const run of first) expect(run.points).toEqual(expectedPoints(metricLines(0, 200)));
    expect((await syncRuns(client, dirs)).map((r) => r.outcome)).toEqual(['same', 'same']);
    expect(await readBack(client, 'shown')).toEqual(first);

    writeRun(dirs[1] ?? '', { id: 'b', study: 'shown', lines: rewritten });
    expect((await syncRuns(client, dirs)).map((r) => r.outcome)).toEqual(['same', 'replaced']);
    const points = (await readBack(client, 'shown')).map((run) => run.points);
    expect(points).toHaveLength(2);
    expect(points).toContainEqual(expectedPoints(rewritten));
    expect(points).toContainEqual(expectedPoints(metricLines(0, 200)));
  });

  it('shows a sweep as a run with its runs under it', async () => {
    const study = join(folder, 'results', 'swept');
    const ids = ['a', 'b', 'c'];
    const dirs = ids.map((id) => writeRun(join(study, id), { id, study: 'swept', lines: metricLines(0, 50) }));
    const spec = { study: 'swept', search: { id: 'grid', options: { 'model.loops': [1, 2, 4] } }, metric: 'accuracy' };
    writeSweep(join(study, 'sweeps', 's1'), { id: 's1', createdAt: '2026-03-01T11:00:00.000Z', spec }, ids);
    const outcomes = async () => (await syncRuns(client, dirs)).map((r) => r.outcome);
    expect(await outcomes()).toEqual(['new', 'new', 'new']);
    const runs = await readBack(client, 'swept');
    const sweep = runs.find((run) => run.name === 'sweep s1: grid');
    expect(sweep).toMatchObject({
      status: 'FINISHED',
      params: { 'search.options.model.loops': '[1,2,4]' },
      points: [],
    });
    const children = runs.filter((run) => run !== sweep);
    expect(children.map((run) => run.tags['looplab.run_id']).sort()).toEqual(ids);
    for (const { tags } of children) expect(tags['mlflow.parentRunId']).toBe(sweep?.id);
    expect(await outcomes()).toEqual(['same', 'same', 'same']);
    expect(await readBack(client, 'swept')).toEqual(runs);
  });

  it('puts files into the folder of a server on this machine that does not take them itself', async () => {
    const store = join(root, 'a store');
    const options = `--no-serve-artifacts --default-artifact-root ${pathToFileURL(store).href}`;
    const local = await startServer({
      mlflow: { command: 'bash', args: ['-c', `exec "$0" "$@" ${options}`, command], what: 'MLflow' },
      folder: join(root, 'local'),
      port: await freePort(),
    });
    try {
      const there = new MlflowClient({ uri: local.uri, timeoutMs: 20_000, retries: 0 });
      const dir = writeRun(join(root, 'local run'), { id: 'local', study: 'local', lines: metricLines(0, 50) });
      expect((await syncRuns(there, [dir])).map((r) => r.outcome)).toEqual(['new']);
      const [run] = await readBack(there, 'local');
      const { artifactUri } = await there.run(run?.id ?? '');
      expect(artifactUri).toMatch(/^file:.*a%20store/);
      const files = (await all(there.artifacts(run?.id ?? ''))).map((f) => f.path);
      expect(files.sort()).toEqual(['artifacts', 'config.json', 'log.txt', 'manifest.json', 'overrides.json']);
      expect(readFileSync(join(fileURLToPath(artifactUri), 'artifacts', 'plots', 'loss ü.svg'), 'utf8')).toBe('<svg/>');
    } finally {
      await local.stop('SIGKILL');
    }
  }, 120_000);

  it('makes one run where several processes start at once', async () => {
    const dir = writeRun(join(folder, 'race'), { id: 'race', study: 'race', lines: metricLines(0, 100) });
    await client.ensureExperiment('race');
    await Promise.allSettled(Array.from({ length: 4 }, () => syncRuns(client, [dir])));
    await syncRuns(client, [dir]);
    expect((await readBack(client, 'race')).map((run) => run.points)).toEqual([expectedPoints(metricLines(0, 100))]);
  });

  it('loses and doubles nothing when it is killed and started again while a run trains', async () => {
    const dir = writeRun(join(folder, 'killed'), { id: 'killed', study: 'killed', status: 'running' });
    const settings = settingsFromEnvironment({ MLFLOW_TRACKING_URI: server.uri });
    if (!settings) throw new Error('an address was given');
    const follower = followRun(dir, { http: settings, interval: 1, pauses: [50, 200] });
    let step = 0;
    const training = setInterval(() => {
      if (step >= 3000) return;
      appendLines(dir, metricLines(step, step + 50));
      step += 50;
      follower.changed();
    }, 10);
    const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
      while (!(await isTrue())) await new Promise((done) => setTimeout(done, 10));
    };
    // in the middle of the stream, not between two runs
    await until(
      async () => (await readBack(client, 'killed').catch(() => []))[0]?.points.length !== undefined && step > 500,
    );
    const port = Number(new URL(server.uri).port);
    await server.stop('SIGKILL');
    await until(() => step >= 3000);
    clearInterval(training);
    await start(port);
    setStatus(dir, 'finished');
    expect(await follower.finish(30_000)).toBe(true);
    const [run, ...others] = await readBack(client, 'killed');
    expect(others).toEqual([]);
    expect(run).toMatchObject({ status: 'FINISHED', points: expectedPoints(metricLines(0, 3000)) });
    expect((await syncRuns(client, [dir])).map((r) => r.outcome)).toEqual(['same']);
  });
}
