// Brings the server's run up to what a run folder holds: sends what is missing, nothing twice.
import { createHash } from 'node:crypto';
import { putArtifact } from '../rest/artifacts.ts';
import type { Metric, MlflowClient, Run } from '../rest/client.ts';
import type { Destination } from './destination.ts';
import { pointsOf, projectRun, tagNames } from './projectRun.ts';
import { artifactFiles, MetricsFile, type Place, type RunFile, readFacts } from './runFolder.ts';
import { findOrMakeRun, makeRun } from './serverRun.ts';

/** The server's run as we know it; valid until a request fails. */
export interface Shown {
  readonly run: Run;
  readonly place: Place;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly status: Run['status'];
  readonly endTime: number | undefined;
}

export interface SendOptions {
  /** What the last call returned, so that the server need not be asked. */
  readonly shown?: Shown;
  /** The server's runs for this folder, if the caller has asked already. */
  readonly candidates?: readonly Run[];
  /** Also store files. Default true. */
  readonly files?: boolean;
}

/** What a call sent. */
export interface Sent {
  readonly shown: Shown;
  readonly points: number;
  readonly files: number;
  /** The run is new at the server. */
  readonly isNew: boolean;
  /** The run took the place of one whose metrics the folder no longer holds. */
  readonly isReplaced: boolean;
  /** Anything was sent at all. */
  readonly isChanged: boolean;
}

/**
 * Sends parameters, tags, points of metrics, files and status that the server does not have. How much of `metrics.jsonl` it has
 * is kept there, as a tag that goes with the points, so a folder can be read-only, copied, or sent to several servers. Called
 * twice it sends nothing the second time; ended at any moment, the next call sends just the rest.
 *
 * A training that was killed goes on from its last checkpoint and writes the lines after it anew. If the server had them already,
 * the run is made anew there too, since MLflow cannot delete points; what people had noted on it (tags of theirs) is kept.
 * @throws MlflowError, MlflowRunsError
 */
export async function sendRun(to: Destination, dir: string, options: SendOptions = {}): Promise<Sent> {
  const { client } = to;
  const facts = readFacts(dir);
  const wanted = projectRun(facts);
  const metrics = new MetricsFile(dir);

  let { shown } = options;
  let isNew = false;
  let isReplaced = false;
  const experimentId = shown?.run.experimentId ?? (await to.experimentFor(wanted.experiment));
  const parentRunId = shown === undefined ? await to.sweepRunFor(dir, facts.id, experimentId) : shown.tags[PARENT];
  if (shown === undefined) {
    const { candidates } = options;
    const found = await findOrMakeRun(client, experimentId, wanted, {
      ...(candidates ? { candidates } : {}),
      parentRunId,
    });
    shown = stateOf(found.run);
    isNew = found.isNew;
  }
  if (!metrics.continues(shown.place) || contradicts(shown.params, wanted.params)) {
    const tags = notes(shown.run.tags);
    await client.deleteRun(shown.run.id);
    shown = stateOf(await makeRun(client, experimentId, wanted, { parentRunId, tags }));
    isReplaced = true;
  }

  const { run } = shown;
  const params = missing(wanted.params, shown.params);
  const tags = missing({ ...wanted.tags, ...(parentRunId === undefined ? {} : { [PARENT]: parentRunId }) }, shown.tags);
  await log(client, run, { params, tags });
  shown = { ...shown, params: { ...shown.params, ...params }, tags: { ...shown.tags, ...tags } };

  const { place, points } = await sendMetrics(client, run, { metrics, from: shown.place, startTime: wanted.startTime });
  shown = { ...shown, place };

  const files = options.files === false ? [] : await sendFiles(client, shown, artifactFiles(dir));
  if (files.length > 0) shown = { ...shown, tags: { ...shown.tags, [tagNames.files]: hashOf(files) } };

  // last, so that a run that is over has everything
  const { status, endTime } = wanted;
  const isEnded = status !== shown.status || (endTime !== undefined && endTime !== shown.endTime);
  if (isEnded) {
    await client.updateRun(run.id, { status, ...(endTime === undefined ? {} : { endTime }) });
    shown = { ...shown, status, endTime };
  }
  const isTold = Object.keys(params).length + Object.keys(tags).length > 0;
  const isChanged = isNew || isReplaced || isTold || points > 0 || files.length > 0 || isEnded;
  return { shown, points, files: files.length, isNew, isReplaced, isChanged };
}

/** MLflow shows a run with this tag under the run it names. */
const PARENT = 'mlflow.parentRunId';

function stateOf(run: Run): Shown {
  const { params, tags, status, endTime } = run;
  const [bytes = '', hash = ''] = (tags[tagNames.metrics] ?? '').split(' ');
  const place = /^\d+$/.test(bytes) ? { bytes: Number(bytes), hash } : START;
  return { run, place, params, tags, status, endTime };
}

/** The beginning of a file: nothing lies before it. */
const START: Place = { bytes: 0, hash: createHash('sha256').digest('hex').slice(0, 16) };

/** Points, line by line, each batch together with the place that it reaches. */
async function sendMetrics(
  client: MlflowClient,
  run: Run,
  { metrics, from, startTime }: { metrics: MetricsFile; from: Place; startTime: number },
): Promise<{ place: Place; points: number }> {
  // A batch may have been stored although its answer, or the tag in it, was lost.
  const isThere = ({ key, step }: Metric): boolean => (run.metrics[key]?.step ?? Number.NEGATIVE_INFINITY) >= step;
  let place = from;
  let count = 0;
  for (;;) {
    const { records, end } = metrics.linesFrom(place.bytes, BATCH_BYTES);
    if (end === place.bytes) return { place, points: count };
    const points = records.flatMap((record) => pointsOf(record, startTime)).filter((point) => !isThere(point));
    const next = metrics.placeAt(end);
    const tags = { [tagNames.metrics]: `${next.bytes} ${next.hash}` };
    await client.logBatch(run.id, { metrics: points, tags }, { repeatable: false });
    place = next;
    count += points.length;
  }
}

/** Bytes of `metrics.jsonl` in one batch: about 500 points, well within the limits of a request. */
const BATCH_BYTES = 16_384;

/** Stores files unless just these are stored already. @returns the files if they were stored */
async function sendFiles(client: MlflowClient, shown: Shown, files: RunFile[]): Promise<RunFile[]> {
  const hash = hashOf(files);
  if (files.length === 0 || shown.tags[tagNames.files] === hash) return [];
  for (const { path, file } of files) await putArtifact(client, shown.run, path, file);
  await client.setTag(shown.run.id, tagNames.files, hash);
  return files;
}

function hashOf(files: readonly RunFile[]): string {
  const list = files.map((f) => `${f.path} ${f.bytes} ${f.changedAt}`).join('\n');
  return createHash('sha256').update(list).digest('hex').slice(0, 16);
}

async function log(
  client: MlflowClient,
  run: Run,
  what: { params: Record<string, string>; tags: Record<string, string> },
): Promise<void> {
  if (Object.keys(what.params).length + Object.keys(what.tags).length > 0) await client.logBatch(run.id, what);
}

function missing(
  wanted: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => there[key] !== value));
}

/** Whether a parameter is there with another value, which MLflow does not let us change. */
function contradicts(there: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).some(([key, value]) => there[key] !== undefined && there[key] !== value);
}

/** Tags that people or other programs have put on a run. */
function notes(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('looplab.')));
}
