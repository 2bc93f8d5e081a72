// What is special about Ray: what is sent to it, and answers that are refusals, nonsense or silence. A stand-in plays the head.
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { ray } from './ray.ts';

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

let server: Server | undefined;
afterEach(() => void server?.close());

/** A head that answers as it is told. */
async function head(
  answer: (call: Call) => { status?: number; text: string },
): Promise<{ address: string; calls: Call[] }> {
  const calls: Call[] = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const call = { method, url, headers, body: text === '' ? {} : JSON.parse(text) };
      calls.push(call);
      const { status = 200, text: reply } = answer(call);
      response.writeHead(status).end(reply);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return { address: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`, calls };
}

const task = { name: 'sweep-run-1', argv: ['node', "it's"], log: '/tmp/log', threads: 2 };

test('a job names its command, its place and its resources, and looks like no browser', async () => {
  const { address, calls } = await head(() => ({ text: '{}' }));
  const launcher = ray({
    address: `${address}/`,
    gpus: 1,
    resources: { big: 1 },
    headers: { authorization: 'Bearer x' },
  });
  expect(await launcher.submit([task])).toEqual([`${address}/api/jobs/sweep-run-1`]);
  expect(calls[0]).toMatchObject({
    method: 'POST',
    url: '/api/jobs/',
    headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
    body: {
      entrypoint: `exec >>'/tmp/log' 2>&1 </dev/null; exec 'node' 'it'\\''s'`,
      submission_id: 'sweep-run-1',
      entrypoint_num_cpus: 2,
      entrypoint_num_gpus: 1,
      entrypoint_resources: { big: 1 },
    },
  });
  expect(Object.keys(calls[0]?.headers ?? {}).filter((h) => /^sec-|^origin$|^referer$|^user-agent$/.test(h))).toEqual(
    [],
  );
});

test.each([
  [{ status: 'PENDING' }, { state: 'queued' }],
  [{ status: 'RUNNING' }, { state: 'running' }],
  [
    { status: 'SUCCEEDED', driver_exit_code: 0 },
    { state: 'ended', code: 0 },
  ],
  [
    { status: 'FAILED', driver_exit_code: 42 },
    { state: 'ended', code: 42 },
  ],
  [
    { status: 'FAILED', driver_exit_code: -9 },
    { state: 'ended', signal: 'signal 9' },
  ],
  [
    { status: 'FAILED', message: 'the node died', driver_exit_code: null },
    { state: 'ended', reason: 'the node died' },
  ],
  [{ status: 'STOPPED' }, { state: 'ended' }],
])('%j', async (details, state) => {
  const { address } = await head(() => ({ text: JSON.stringify(details) }));
  expect(await ray({ address }).poll([`${address}/api/jobs/a`])).toEqual([state]);
});

describe('trouble', () => {
  test('a refusal is passed on', async () => {
    const { address } = await head(() => ({ status: 400, text: 'Traceback\nValueError: no such resource' }));
    await expect(ray({ address }).submit([task])).rejects.toThrow(
      /refused job sweep-run-1 with 400: ValueError: no such resource/,
    );
  });

  test('a job that is forgotten is over, one that cannot be asked for is not', async () => {
    let answer = { status: 404, text: 'Job does not exist' };
    const { address } = await head(() => answer);
    const handle = `${address}/api/jobs/a`;
    const launcher = ray({ address });
    expect(await launcher.poll([handle])).toEqual([{ state: 'ended', reason: 'Ray does not know its job any more' }]);
    for (answer of [
      { status: 500, text: 'oh' },
      { status: 200, text: '<html>' },
      { status: 200, text: '{"status":"DANCING"}' },
    ]) {
      expect(await launcher.poll([handle])).toEqual([{ state: 'running' }]);
    }
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    expect(await launcher.poll([handle])).toEqual([{ state: 'running' }]);
    for (let i = 0; i < 56; i++) await launcher.poll([handle]);
    await expect(launcher.poll([handle])).rejects.toThrow(/no answer from http:/);
  });

  test('no head, and no address of one, are told apart', async () => {
    await expect(ray({ address: 'http://127.0.0.1:9' }).submit([task])).rejects.toThrow(
      /no answer from http:\/\/127.0.0.1:9: .*ECONNREFUSED/,
    );
    expect(() => ray({ address: 'head:8265' })).toThrow('such as http://head:8265 (got head:8265)');
    expect(() => ray({ parallel: 0 })).toThrow('ray: parallel must be');
  });
});
