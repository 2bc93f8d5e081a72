// Requests against a small server that fails, refuses and garbles: what is tried again, what is not, and what people are told.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MlflowAuthError, MlflowReplyError, MlflowRequestError, MlflowUnreachableError } from '../errors.ts';
import { type FakeServer, fakeServer, type Mishap } from '../testing/fakeServer.ts';
import { MlflowClient } from './client.ts';

let fake: FakeServer;
beforeAll(async () => {
  fake = await fakeServer({ pageSize: 3 });
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.mishap = undefined;
  fake.requests.length = 0;
});

let slept: number[] = [];
const client = (more: object = {}): MlflowClient => {
  slept = [];
  const sleep = async (ms: number): Promise<void> => void slept.push(ms);
  return new MlflowClient({ uri: fake.uri, timeoutMs: 5000, retries: 3, sleep, random: () => 0.5, ...more });
};
/** The first requests meet these, the later ones none. */
const firstMeet = (...mishaps: Mishap[]): void => {
  fake.mishap = (_, index) => mishaps[index];
};
const always = (mishap: Mishap): void => {
  fake.mishap = () => mishap;
};

describe('a request', () => {
  it.each([429, 500, 502, 503, 504, 408])('is sent again after %i, with longer and longer pauses', async (status) => {
    firstMeet({ status }, { status }, { status });
    expect(await client().experimentByName('x')).toBeUndefined();
    expect(fake.requests).toHaveLength(4);
    // half, by the dice given, of 250, 500, 1000 ms
    expect(slept).toEqual([125, 250, 500]);
  });

  it('waits as long as the server asks', async () => {
    firstMeet({ status: 429, headers: { 'retry-after': '7' } });
    await client().experimentByName('x');
    expect(slept).toEqual([7000]);
  });

  it('is sent again when the connection breaks, before or after the server acted', async () => {
    firstMeet('cut before', 'cut after');
    expect(await client().ensureExperiment('cut')).toBe('1');
    expect(fake.experiments.map((e) => e.name)).toEqual(['cut']);
  });

  it('finds the experiment that a lost answer made', async () => {
    firstMeet({ status: 404, body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":""}' }, 'cut after');
    expect(await client().ensureExperiment('lost')).toBe('2');
    expect(fake.experiments).toHaveLength(2);
  });

  it('that must not take effect twice is not sent again once it may have', async () => {
    firstMeet('cut after');
    const make = () => client().createRun({ experimentId: '1', name: 'once', startTime: 0 });
    await expect(make()).rejects.toThrow(MlflowUnreachableError);
    expect(fake.runs.size).toBe(1);
    firstMeet({ status: 500 });
    fake.requests.length = 0;
    await expect(make()).rejects.toThrow(MlflowUnreachableError);
    expect(fake.requests).toHaveLength(1);
    // turned away at the door: certainly not acted on
    firstMeet({ status: 503 }, { status: 429 });
    fake.requests.length = 0;
    expect((await make()).name).toBe('once');
  });

  it('that is refused for good is not sent again', async () => {
    const refused = client().run('nobody');
    await expect(refused).rejects.toThrow(MlflowRequestError);
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'RESOURCE_DOES_NOT_EXIST' });
    expect(fake.requests).toHaveLength(1);
  });

  it('gives up after the tries it has and says so', async () => {
    always({ status: 502, body: 'Bad gateway' });
    await expect(client().run('x')).rejects.toThrow(
      `${fake.uri} fails with 502: text/html: Bad gateway (tried 4 times)`,
    );
    always('cut before');
    await expect(client({ retries: 0 }).run('x')).rejects.toThrow(
      /cannot be reached: the connection broke \(UND_ERR_SOCKET\); check MLFLOW_TRACKING_URI, or start one/,
    );
  });

  it('gives up on a server that does not answer', async () => {
    always('hang');
    await expect(client({ timeoutMs: 50, retries: 1 }).run('x')).rejects.toThrow(
      /no answer within 0.05 s \(tried 2 times\)/,
    );
  });

  it('gives a file ten times as long, there and back', async () => {
    always('hang');
    const hasty = client({ timeoutMs: 20, retries: 0 });
    const upload = hasty.request({ method: 'PUT', path: 'x', body: new Blob(['x']) });
    await expect(upload).rejects.toThrow(/no answer within 0\.2 s/);
    await expect(hasty.artifact('x', 'y')).rejects.toThrow(/no answer within 0\.2 s/);
  });

  it('ends at once when the caller gives up, in a request and in a pause', async () => {
    always('hang');
    const stop = new AbortController();
    const waiting = client({ signal: stop.signal }).run('x');
    setTimeout(() => stop.abort(), 20);
    await expect(waiting).rejects.toThrow(MlflowUnreachableError);
    always({ status: 503, headers: { 'retry-after': '60' } });
    const later = new AbortController();
    const pausing = client({ signal: later.signal, sleep: undefined }).run('x');
    setTimeout(() => later.abort(), 50);
    await expect(pausing).rejects.toThrow('given up');
  });

  it('says that nobody listens, without losing the port', async () => {
    const gone = await fakeServer();
    await gone.close();
    await expect(client({ uri: gone.uri, retries: 1 }).run('x')).rejects.toThrow(
      `the MLflow server at ${gone.uri} cannot be reached: nothing listens there (ECONNREFUSED) (tried 2 times)`,
    );
  });
});

describe('credentials', () => {
  it('are sent', async () => {
    await client({ authorization: 'Bearer secret' }).experimentByName('x');
    await client().experimentByName('x');
    expect(fake.requests.map((r) => r.authorization)).toEqual(['Bearer secret', undefined]);
  });

  it('that are wrong, or allow too little, are told apart', async () => {
    always({ status: 401, body: 'You are not authenticated' });
    const refused = client().run('x');
    await expect(refused).rejects.toThrow(MlflowAuthError);
    await expect(refused).rejects.toThrow(/wants other credentials \(401\); set MLFLOW_TRACKING_USERNAME and/);
    always({ status: 403, body: 'Permission denied' });
    await expect(client().run('x')).rejects.toThrow(/does not allow this \(403\): text\/html: Permission denied/);
    expect(fake.requests).toHaveLength(2);
  });
});

describe('something else than MLflow', () => {
  it.each([
    ['a page', { status: 200, body: '<html>hello</html>' }, /answered with text\/html: <html>hello<\/html> where JSON/],
    ['nothing', { status: 200, body: '' }, /an empty answer \(text\/html\)/],
    ['other JSON', { status: 200, body: '{"run":7}' }, /answered not as MLflow does: run: .*expected object/],
    ['a run without its id', { status: 200, body: '{"run":{"info":{"experiment_id":"1"}}}' }, /run\.info\.run_id/],
    [
      'a page that is not there',
      { status: 404, body: 'Not Found' },
      /answered 404 with text\/html: Not Found; is this/,
    ],
    [
      'a way elsewhere',
      { status: 302, headers: { location: 'https://login' } },
      /sends requests on to https:\/\/login/,
    ],
  ] as const)('that answers with %s is named', async (_, mishap, message) => {
    always(mishap);
    const asked = client().run('x');
    await expect(asked).rejects.toThrow(MlflowReplyError);
    await expect(asked).rejects.toThrow(message);
    expect(fake.requests).toHaveLength(1);
  });
});
