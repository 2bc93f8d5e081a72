// The MLflow tracking API: experiments, runs, parameters, metrics and tags.
import { MlflowReplyError, MlflowRequestError, MlflowSettingsError } from '../errors.ts';
import { type Http, type HttpOptions, type HttpRequest, http, json } from './http.ts';
import { batches, wireNumber } from './limits.ts';
import { type ExperimentReply, type MetricReply, type MlflowRunStatus, type RunReply, replies } from './schemas.ts';

export interface Experiment {
  readonly id: string;
  readonly name: string;
  readonly isDeleted: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** A value of a metric. NaN and infinities are values like others. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

export interface Run {
  readonly id: string;
  readonly name: string;
  readonly experimentId: string;
  readonly status: MlflowRunStatus;
  /** Milliseconds since 1970. */
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly artifactUri: string;
  readonly isDeleted: boolean;
  /** The latest value of each metric: the one with the largest step. */
  readonly metrics: Readonly<Record<string, Metric>>;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewRun {
  readonly experimentId: string;
  readonly name: string;
  readonly startTime: number;
  readonly tags?: Readonly<Record<string, string>>;
  /** The run this one is shown under, as a sweep's runs are. */
  readonly parentRunId?: string;
}

export interface SearchRuns {
  readonly experimentIds: readonly string[];
  /** In MLflow's words, e.g. `metrics.loss < 1 and tags.study = 'mano'`. */
  readonly filter?: string;
  readonly orderBy?: readonly string[];
  readonly view?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';
  /** Runs in one reply, at most 50,000. */
  readonly pageSize?: number;
}

export interface LogBatch {
  readonly params?: Readonly<Record<string, string>>;
  readonly metrics?: readonly Metric[];
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * A client of one server. Every reply is checked; lists come page by page as they are read; requests are tried again where
 * that may help. All methods throw MlflowUnreachableError, MlflowAuthError, MlflowRequestError or MlflowReplyError.
 */
export class MlflowClient {
  readonly uri: string;
  readonly #send: Http;

  constructor(options: HttpOptions) {
    this.uri = options.uri;
    this.#send = http(options);
  }

  /** A request to any address of the server, for what this class has no method for. */
  request(request: HttpRequest): Promise<Response> {
    return this.#send(request);
  }

  /** The experiment of that name, deleted ones included; undefined if there is none. */
  async experimentByName(name: string): Promise<Experiment | undefined> {
    return found(async () => {
      const query = { experiment_name: name };
      const reply = await json(this.#send, replies.experiment, get('experiments/get-by-name', query));
      return experimentOf(reply.experiment);
    });
  }

  async experimentById(id: string): Promise<Experiment | undefined> {
    return found(async () => {
      const reply = await json(this.#send, replies.experiment, get('experiments/get', { experiment_id: id }));
      return experimentOf(reply.experiment);
    });
  }

  /**
   * The id of the experiment of that name, made if there is none.
   * @throws MlflowSettingsError if it was deleted: the server keeps the name taken
   */
  async ensureExperiment(name: string): Promise<string> {
    const known = await this.experimentByName(name);
    if (known?.isDeleted) {
      throw new MlflowSettingsError(
        `experiment ${name} was deleted at ${this.uri}; restore it (mlflow experiments restore --experiment-id ${known.id}) or set MLFLOW_EXPERIMENT_NAME to another name`,
      );
    }
    if (known) return known.id;
    try {
      return (await json(this.#send, replies.experimentId, post('experiments/create', { name }))).experiment_id;
    } catch (error) {
      // somebody else was quicker
      if (!(error instanceof MlflowRequestError) || error.code !== 'RESOURCE_ALREADY_EXISTS') throw error;
      return this.ensureExperiment(name);
    }
  }

  async *searchExperiments(filter?: string, pageSize = 1000): AsyncGenerator<Experiment> {
    for await (const reply of this.#pages((page_token) =>
      json(this.#send, replies.experiments, post('experiments/search', { filter, max_results: pageSize, page_token })),
    )) {
      yield* reply.experiments.map(experimentOf);
    }
  }

  async setExperimentTag(experimentId: string, key: string, value: string): Promise<void> {
    const body = { experiment_id: experimentId, key, value };
    await json(this.#send, replies.nothing, post('experiments/set-experiment-tag', body));
  }

  /**
   * Makes a run. If the answer is lost it is not asked for again, as that could make two: look for the run first.
   */
  async createRun({ experimentId, name, startTime, tags = {}, parentRunId }: NewRun): Promise<Run> {
    const all = { ...tags, ...(parentRunId === undefined ? {} : { 'mlflow.parentRunId': parentRunId }) };
    const body = { experiment_id: experimentId, run_name: name, start_time: startTime, tags: pairs(all) };
    const reply = await json(this.#send, replies.run, { ...post('runs/create', body), repeatable: false });
    return runOf(reply.run);
  }

  async run(runId: string): Promise<Run> {
    return runOf((await json(this.#send, replies.run, get('runs/get', { run_id: runId }))).run);
  }

  async updateRun(
    runId: string,
    change: { readonly status?: MlflowRunStatus; readonly endTime?: number; readonly name?: string },
  ): Promise<void> {
    const { status, endTime: end_time, name: run_name } = change;
    await json(this.#send, replies.nothing, post('runs/update', { run_id: runId, status, end_time, run_name }));
  }

  /** Marks a run as deleted; the server keeps it until its rubbish is collected. */
  async deleteRun(runId: string): Promise<void> {
    await json(this.#send, replies.nothing, post('runs/delete', { run_id: runId }));
  }

  async restoreRun(runId: string): Promise<void> {
    await json(this.#send, replies.nothing, post('runs/restore', { run_id: runId }));
  }

  async *searchRuns(search: SearchRuns): AsyncGenerator<Run> {
    const { experimentIds: experiment_ids, filter, orderBy: order_by, view: run_view_type, pageSize = 1000 } = search;
    const body = { experiment_ids, filter, order_by, run_view_type, max_results: pageSize };
    for await (const reply of this.#pages((page_token) =>
      json(this.#send, replies.runs, post('runs/search', { ...body, page_token })),
    )) {
      yield* reply.runs.map(runOf);
    }
  }

  /**
   * Logs parameters, metrics and tags in this order, in as many requests as the server's limits need. Parameters are written
   * once: another value for one is refused. The same points again change nothing on servers with a database; 2.14 refuses them
   * if they are more than 100 or not finite.
   * @param options.repeatable as in {@link HttpRequest}
   */
  async logBatch(
    runId: string,
    { params = {}, metrics = [], tags = {} }: LogBatch,
    options: { repeatable?: boolean } = {},
  ): Promise<void> {
    const wire = metrics.map((m) => ({ key: m.key, value: wireNumber(m.value), timestamp: m.timestamp, step: m.step }));
    for (const batch of batches({ params: pairs(params), metrics: wire, tags: pairs(tags) })) {
      await json(this.#send, replies.nothing, { ...post('runs/log-batch', { run_id: runId, ...batch }), ...options });
    }
  }

  async setTag(runId: string, key: string, value: string): Promise<void> {
    await json(this.#send, replies.nothing, post('runs/set-tag', { run_id: runId, key, value }));
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    await json(this.#send, replies.nothing, post('runs/delete-tag', { run_id: runId, key }));
  }

  /** Every value of a metric, in the server's order. */
  async *metricHistory(runId: string, key: string, pageSize = 25_000): AsyncGenerator<Metric> {
    const query = { run_id: runId, metric_key: key, max_results: pageSize };
    for await (const reply of this.#pages((page_token) =>
      json(this.#send, replies.metrics, get('metrics/get-history', { ...query, page_token })),
    )) {
      yield* reply.metrics.map(metricOf);
    }
  }

  /** Files and folders of a run, one level: those in `path`, or at the top. */
  async *artifacts(runId: string, path?: string): AsyncGenerator<{ path: string; isFolder: boolean; bytes: number }> {
    for await (const reply of this.#pages((page_token) =>
      json(this.#send, replies.artifacts, get('artifacts/list', { run_id: runId, path, page_token })),
    )) {
      yield* reply.files.map((f) => ({ path: f.path, isFolder: f.is_dir, bytes: f.file_size ?? 0 }));
    }
  }

  /** The bytes of a run's file. */
  async artifact(runId: string, path: string): Promise<Uint8Array> {
    const query = { run_id: runId, path };
    const reply = await this.#send({ method: 'GET', path: 'get-artifact', query, isDownload: true });
    return new Uint8Array(await reply.arrayBuffer());
  }

  /** Asks for page after page; a server that gives the same token twice would go on for ever. */
  async *#pages<R extends { readonly next_page_token?: string | undefined }>(
    ask: (token: string | undefined) => Promise<R>,
  ): AsyncGenerator<R> {
    let token: string | undefined;
    do {
      const reply = await ask(token);
      yield reply;
      const next = reply.next_page_token || undefined;
      if (next !== undefined && next === token) {
        throw new MlflowReplyError(
          `the MLflow server at ${this.uri} gave the same page twice; is it an MLflow server?`,
        );
      }
      token = next;
    } while (token !== undefined);
  }
}

const API = 'api/2.0/mlflow';

function get(path: string, query: HttpRequest['query'] & object): HttpRequest {
  return { method: 'GET', path: `${API}/${path}`, query };
}

function post(path: string, body: object): HttpRequest {
  return { method: 'POST', path: `${API}/${path}`, body };
}

/** What `ask` finds; undefined where MLflow says that there is no such thing. */
async function found<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof MlflowRequestError && error.code === 'RESOURCE_DOES_NOT_EXIST') return undefined;
    throw error;
  }
}

function pairs(record: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}

function record(list: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value]));
}

function experimentOf(reply: ExperimentReply): Experiment {
  const { experiment_id: id, name, lifecycle_stage, tags } = reply;
  return { id, name, isDeleted: lifecycle_stage === 'deleted', tags: record(tags) };
}

function metricOf({ key, value, timestamp, step }: MetricReply): Metric {
  return { key, value, timestamp, step };
}

function runOf({ info, data }: RunReply): Run {
  return {
    id: info.run_id,
    name: info.run_name,
    experimentId: info.experiment_id,
    status: info.status,
    startTime: info.start_time,
    endTime: info.end_time,
    artifactUri: info.artifact_uri,
    isDeleted: info.lifecycle_stage === 'deleted',
    metrics: Object.fromEntries(data.metrics.map((m) => [m.key, metricOf(m)])),
    params: record(data.params),
    tags: record(data.tags),
  };
}
