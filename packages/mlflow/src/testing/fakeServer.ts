// A small stand-in for an MLflow server, for tests: keeps what it is sent, and loses, refuses or garbles requests when told to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

interface FakeMetric {
  readonly key: string;
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
}

interface FakeRun {
  readonly info: { [field: string]: unknown; run_id: string; experiment_id: string; lifecycle_stage: string };
  /** Every point ever logged, in order; like MLflow's file store this keeps doubles, where a database would drop them. */
  readonly points: FakeMetric[];
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly files: Map<string, Buffer>;
}

/**
 * What to do with a request instead of answering it: cut the line before, while or after acting on it, or answer otherwise.
 * `cut within` stores the first half of a batch's points and none of its tags, as a server does that dies on the way.
 */
export type Mishap =
  | 'cut before'
  | 'cut within'
  | 'cut after'
  | 'hang'
  | { status: number; body?: string; headers?: Record<string, string> };

interface FakeRequest {
  readonly method: string;
  /** Path without the API prefix: `runs/create`. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface FakeServer {
  readonly uri: string;
  readonly runs: Map<string, FakeRun>;
  readonly experiments: { id: string; name: string; lifecycle_stage: string }[];
  readonly requests: FakeRequest[];
  /** Asked for every request; its index counts from 0. */
  mishap: ((request: FakeRequest, index: number) => Mishap | undefined) | undefined;
  close(): Promise<void>;
}

class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * Starts one. It knows the requests that LoopLab makes and MLflow's limits on them.
 * @param port a free one by default
 * @param pageSize most entries in a page, whatever is asked for
 */
export async function fakeServer({ port = 0, pageSize = 1000 } = {}): Promise<FakeServer> {
  const runs: FakeServer['runs'] = new Map();
  const experiments: FakeServer['experiments'] = [];
  const requests: FakeRequest[] = [];
  let made = 0;

  const paged = <T>(list: readonly T[], most: unknown, token: unknown): { page: T[]; next_page_token?: string } => {
    const start = typeof token === 'string' && token !== '' ? Number(token) : 0;
    const end = start + Math.min(pageSize, Number(most ?? 1000));
    return { page: list.slice(start, end), ...(end < list.length ? { next_page_token: String(end) } : {}) };
  };
  const runFor = (id: unknown): FakeRun => {
    const run = runs.get(String(id));
    if (!run) throw new Refusal('RESOURCE_DOES_NOT_EXIST', `Run with id=${id} not found`, 404);
    return run;
  };
  const active = (id: unknown): FakeRun => {
    const run = runFor(id);
    if (run.info.lifecycle_stage !== 'active') {
      throw new Refusal('INVALID_PARAMETER_VALUE', `The run ${id} must be in the 'active' state.`);
    }
    return run;
  };
  const experiment = (matches: (e: FakeServer['experiments'][number]) => boolean): object => {
    const found = experiments.find(matches);
    if (!found) throw new Refusal('RESOURCE_DOES_NOT_EXIST', 'No such experiment', 404);
    return { experiment: describeExperiment(found) };
  };

  const answers: Readonly<Record<string, (b: Record<string, unknown>) => object>> = {
    'experiments/get-by-name': (b) => experiment((e) => e.name === b.experiment_name),
    'experiments/get': (b) => experiment((e) => e.id === b.experiment_id),
    'experiments/create': (b) => {
      const name = String(b.name);
      if (experiments.some((e) => e.name === name)) {
        throw new Refusal('RESOURCE_ALREADY_EXISTS', `Experiment '${name}' already exists.`);
      }
      const id = String(experiments.length + 1);
      experiments.push({ id, name, lifecycle_stage: 'active' });
      return { experiment_id: id };
    },
    'experiments/search': (b) => {
      const { page, ...more } = paged(experiments, b.max_results, b.page_token);
      return { experiments: page.map(describeExperiment), ...more };
    },
    'runs/create': (b) => {
      const id = (++made).toString(16).padStart(32, '0');
      const info = {
        run_id: id,
        run_name: b.run_name,
        experiment_id: String(b.experiment_id),
        status: 'RUNNING',
        start_time: b.start_time,
        artifact_uri: `mlflow-artifacts:/${b.experiment_id}/${id}/artifacts`,
        lifecycle_stage: 'active',
      };
      const run: FakeRun = { info, points: [], params: new Map(), tags: new Map(), files: new Map() };
      runs.set(id, run);
      addPairs(run.tags, b.tags);
      return { run: describeRun(run) };
    },
    'runs/get': (b) => ({ run: describeRun(runFor(b.run_id)) }),
    'runs/update': (b) => {
      const { info } = active(b.run_id);
      for (const field of ['status', 'end_time', 'run_name']) if (b[field] !== undefined) info[field] = b[field];
      return { run_info: info };
    },
    'runs/delete': (b) => {
      runFor(b.run_id).info.lifecycle_stage = 'deleted';
      return {};
    },
    'runs/search': (b) => {
      const ids = b.experiment_ids as string[]; // as the client sends it
      const [, key, value] = String(b.filter ?? '').match(/^tags\.`([^`]*)` = '([^']*)'$/) ?? [];
      const found = [...runs.values()].filter(
        ({ info, tags }) =>
          ids.includes(info.experiment_id) &&
          (b.run_view_type === 'ALL' || info.lifecycle_stage === 'active') &&
          (key === undefined || tags.get(key) === value),
      );
      const { page, ...more } = paged(found, b.max_results, b.page_token);
      return { runs: page.map(describeRun), ...more };
    },
    'runs/log-batch': (b) => {
      const { points, params, tags } = active(b.run_id);
      const batch = { params: list(b.params), metrics: list(b.metrics), tags: list(b.tags) };
      const total = batch.params.length + batch.metrics.length + batch.tags.length;
      if (batch.params.length > 100 || batch.tags.length > 100 || total > 1000) {
        throw new Refusal('INVALID_PARAMETER_VALUE', 'A batch logging request can contain at most ...');
      }
      for (const { key, value } of batch.params as { key: string; value: string }[]) {
        if (params.has(key) && params.get(key) !== value) {
          throw new Refusal('INVALID_PARAMETER_VALUE', `Changing param values is not allowed. Param with key='${key}'`);
        }
      }
      addPairs(params, b.params);
      points.push(...(batch.metrics as FakeMetric[]));
      addPairs(tags, b.tags);
      return {};
    },
    'runs/set-tag': (b) => {
      active(b.run_id).tags.set(String(b.key), String(b.value));
      return {};
    },
    'metrics/get-history': (b) => {
      const all = runFor(b.run_id).points.filter((p) => p.key === b.metric_key);
      const { page, ...more } = paged(all, b.max_results, b.page_token);
      return { metrics: page, ...more };
    },
  };

  const act = (request: FakeRequest, query: URLSearchParams, bytes: Buffer): object | Buffer => {
    const proxied = request.path.match(/^mlflow-artifacts\/artifacts\/[^/]+\/([^/]+)\/artifacts\/(.+)$/);
    if (proxied && request.method === 'PUT') {
      active(proxied[1]).files.set(decodeURIComponent(proxied[2] ?? ''), bytes);
      return {};
    }
    if (bytes.length > 1_000_000)
      throw new Refusal('INVALID_PARAMETER_VALUE', 'Batched logging API requests must be at most 1000000 bytes');
    const answer = answers[request.path];
    if (!answer) throw new Refusal('ENDPOINT_NOT_FOUND', `no ${request.path}`, 404);
    return answer(request.method === 'GET' ? Object.fromEntries(query) : JSON.parse(request.body));
  };

  const fake = { runs, experiments, requests, mishap: undefined as FakeServer['mishap'] };
  const server = createServer(async (req, res) => {
    const bytes = await readAll(req);
    const url = new URL(req.url ?? '/', 'http://fake');
    const request: FakeRequest = {
      method: req.method ?? '',
      path: url.pathname.replace(/^\/api\/2\.0\/(mlflow\/)?/, ''),
      authorization: req.headers.authorization,
      body: bytes.toString(),
    };
    const index = requests.push(request) - 1;
    const mishap = fake.mishap?.(request, index);
    if (mishap === 'hang') return;
    if (mishap === 'cut before') return void req.socket.destroy();
    if (typeof mishap === 'object') {
      res.writeHead(mishap.status, { 'content-type': 'text/html', ...mishap.headers });
      return void res.end(mishap.body ?? '');
    }
    const isHalf = mishap === 'cut within' && request.path === 'runs/log-batch';
    let answer: object | Buffer;
    let status = 200;
    try {
      answer = act(isHalf ? { ...request, body: half(request.body) } : request, url.searchParams, bytes);
    } catch (error) {
      const {
        code = 'INTERNAL_ERROR',
        message = String(error),
        status: refused = 500,
      } = error instanceof Refusal ? error : {};
      status = refused;
      answer = { error_code: code, message };
    }
    if (mishap === 'cut after' || mishap === 'cut within') return void req.socket.destroy();
    send(res, status, answer);
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const bound = server.address();
  return Object.assign(fake, {
    uri: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  });
}

function half(body: string): string {
  const batch: Record<string, unknown> = JSON.parse(body);
  const metrics = list(batch.metrics);
  return JSON.stringify({ ...batch, metrics: metrics.slice(0, metrics.length / 2), tags: [] });
}

function list(x: unknown): object[] {
  return Array.isArray(x) ? x : [];
}

function addPairs(map: Map<string, string>, pairs: unknown): void {
  for (const { key, value } of list(pairs) as { key: string; value: string }[]) map.set(key, value);
}

function pairsOf(map: ReadonlyMap<string, string>): object[] {
  return [...map].map(([key, value]) => ({ key, value }));
}

function describeExperiment(e: FakeServer['experiments'][number]): object {
  return { experiment_id: e.id, name: e.name, lifecycle_stage: e.lifecycle_stage };
}

function describeRun({ info, points, params, tags }: FakeRun): object {
  const latest = new Map<string, FakeMetric>();
  for (const point of points)
    if (point.step >= (latest.get(point.key)?.step ?? point.step)) latest.set(point.key, point);
  return { info, data: { metrics: [...latest.values()], params: pairsOf(params), tags: pairsOf(tags) } };
}

async function readAll(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(res: ServerResponse, status: number, answer: object): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(answer));
}
