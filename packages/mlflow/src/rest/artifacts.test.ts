// Where a file goes for each kind of artifact store, and which stores are refused.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MlflowArtifactError } from '../errors.ts';
import { type FakeServer, fakeServer } from '../testing/fakeServer.ts';
import { putArtifact } from './artifacts.ts';
import { MlflowClient, type Run } from './client.ts';
import type { HttpRequest } from './http.ts';

const scratch = mkdtempSync(join(tmpdir(), 'looplab-artifacts-'));
const file = join(scratch, 'loss.svg');
writeFileSync(file, '<svg/>');
let fake: FakeServer;
let client: MlflowClient;
let run: Run;
beforeAll(async () => {
  fake = await fakeServer();
  client = new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 0 });
  run = await client.createRun({ experimentId: await client.ensureExperiment('e'), name: 'r', startTime: 0 });
});
afterAll(async () => {
  await fake.close();
  rmSync(scratch, { recursive: true, force: true });
});
const at = (artifactUri: string): Run => ({ ...run, artifactUri });

it('goes through the server, whose own address may stand in the place', async () => {
  await putArtifact(client, run, 'a b/ü%.svg', file);
  await putArtifact(client, at(run.artifactUri.replace(':/', `://${new URL(fake.uri).host}/`)), 'other.svg', file);
  expect([...(fake.runs.get(run.id)?.files ?? [])]).toEqual([
    ['a b/ü%.svg', Buffer.from('<svg/>')],
    ['other.svg', Buffer.from('<svg/>')],
  ]);
});

it('goes there as securely as to the server itself', async () => {
  const asked: string[] = [];
  class Recorder extends MlflowClient {
    override async request({ path }: HttpRequest): Promise<Response> {
      asked.push(path);
      return new Response();
    }
  }
  const secure = new Recorder({ uri: 'https://tracking.example', timeoutMs: 5000, retries: 0 });
  await putArtifact(secure, at('mlflow-artifacts://files.example:8443/1/abc/artifacts'), 'x', file);
  expect(asked).toEqual(['https://files.example:8443/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts/x']);
});

it('is read while it is sent, if it is large', async () => {
  const large = join(scratch, 'large.bin');
  writeFileSync(large, '');
  truncateSync(large, 33 << 20);
  await putArtifact(client, run, 'large.bin', large);
  expect(fake.runs.get(run.id)?.files.get('large.bin')?.length).toBe(33 << 20);
});

it.each([
  ['a path', join(scratch, 'store')],
  ['a file address', pathToFileURL(join(scratch, 'with blank')).href],
])('is copied where the store is %s of this machine', async (_, uri) => {
  await putArtifact(client, at(uri), 'plots/loss.svg', file);
  const folder = uri.startsWith('file:') ? join(scratch, 'with blank') : uri;
  expect(readFileSync(join(folder, 'plots', 'loss.svg'), 'utf8')).toBe('<svg/>');
});

it.each([
  [
    's3://bucket/1',
    'x',
    /lie at s3:\/\/bucket\/1, which LoopLab does not write to; start the server with --serve-artifacts/,
  ],
  [join(scratch, 'store'), '../x', /\.\.\/x cannot be the path of an artifact/],
  [join(scratch, 'store'), 'a//b', /cannot be the path/],
  [join(file, 'inside'), 'x', /cannot copy .*loss\.svg to .*: ENOTDIR/],
])('is refused for %s and %s', async (uri, path, message) => {
  const put = putArtifact(client, at(uri), path, file);
  await expect(put).rejects.toThrow(MlflowArtifactError);
  await expect(put).rejects.toThrow(message);
});

it('is not copied into a folder that means another machine', async () => {
  const remote = new MlflowClient({ uri: 'http://tracking.example:5000', timeoutMs: 5000, retries: 0 });
  await expect(putArtifact(remote, at('/srv/mlflow'), 'x', file)).rejects.toThrow(
    /lie in \/srv\/mlflow on the machine of http:\/\/tracking\.example:5000; start that server with --serve-artifacts/,
  );
});

it('that is not there is named', async () => {
  await expect(putArtifact(client, run, 'x', join(scratch, 'none'))).rejects.toThrow(/cannot read .*none: ENOENT/);
});
