// Run folders made up for tests, and what a server should show of them, worked out on its own.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MlflowClient } from '../rest/client.ts';

/** Start of the run that `writeRun` makes. */
export const STARTED = Date.parse('2026-03-01T12:00:00.000Z');

/** Lines of `metrics.jsonl`: one about training every ten steps, with one about held-out data every fifty. */
export function metricLines(
  from: number,
  to: number,
  seconds: (step: number) => number = (step) => step / 7,
): object[] {
  const lines: object[] = [];
  for (let step = from + 10; step <= to; step += 10) {
    const time = seconds(step);
    lines.push({
      step,
      time,
      kind: 'train',
      loss: 1 / step,
      terms: { entropy: step / 3 },
      lr: 1e-3,
      tokens: 64 * step,
    });
    if (step % 50 === 0) {
      const accuracyPerLoop = [step / 1000, step / 500];
      lines.push({
        step,
        time,
        kind: 'eval',
        accuracyPerLoop,
        accuracy: step / 500,
        loss: step === 100 ? null : 2 / step,
      });
    }
  }
  return lines;
}

export interface WriteRun {
  readonly id?: string;
  readonly study?: string;
  readonly status?: string;
  readonly lines?: readonly object[];
  readonly config?: object;
}

/** Makes a run folder with a figure among its artifacts. */
export function writeRun(
  dir: string,
  { id = 'abc123', study = 'mano', status = 'finished', lines = [], config = {} }: WriteRun = {},
): string {
  mkdirSync(join(dir, 'artifacts', 'plots'), { recursive: true });
  const json = (name: string, value: object): void => writeFileSync(join(dir, name), JSON.stringify(value));
  json('config.json', {
    ...{
      study,
      variant: 'looped',
      strategy: { id: 'loopLM' },
      model: { dModel: 8, loops: 2 },
      train: { lr: 1e-3, steps: 200 },
    },
    ...{ seed: 3, ...config },
  });
  json('manifest.json', {
    runId: id,
    git: { sha: 'f00d', dirty: false },
    node: 'v24.0.0',
    device: 'cpu',
    params: 1234,
  });
  json('overrides.json', ['model.loops=2']);
  setStatus(dir, status);
  writeFileSync(join(dir, 'log.txt'), 'started\n');
  writeFileSync(join(dir, 'artifacts', 'plots', 'loss ü.svg'), '<svg/>');
  writeFileSync(join(dir, 'metrics.jsonl'), '');
  appendLines(dir, lines);
  return dir;
}

/** Makes a sweep's folder as the sweep runner does: what it is, then a line for each of its runs. */
export function writeSweep(dir: string, manifest: object, runs: readonly string[]): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'sweep.json'), JSON.stringify(manifest));
  const lines = runs.map((run, job) => ({ kind: 'job', job, trial: job, point: {}, runs: [{ run, seed: 0 }] }));
  writeFileSync(join(dir, 'journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export function appendLines(dir: string, lines: readonly object[]): void {
  appendFileSync(join(dir, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export function setStatus(dir: string, status: string): void {
  const times = { startedAt: new Date(STARTED).toISOString(), updatedAt: new Date(STARTED + 60_000).toISOString() };
  writeFileSync(join(dir, 'status.json'), JSON.stringify({ status, step: 200, steps: 200, ...times }));
}

/** Every point of lines made by `metricLines`, as `key step value timestamp`, sorted; written out field by field on purpose. */
export function expectedPoints(lines: readonly object[]): string[] {
  return lines
    .flatMap((line) => {
      // the two shapes that metricLines makes
      const l = line as { step: number; time: number; kind: string; loss: number | null; [field: string]: unknown };
      const point = (key: string, value: unknown): string =>
        `${l.kind}/${key} ${l.step} ${value ?? 'NaN'} ${Math.trunc(STARTED + 1000 * l.time)}`;
      if (l.kind === 'train') {
        const { entropy } = l.terms as { entropy: number };
        return [point('loss', l.loss), point('terms/entropy', entropy), point('lr', l.lr), point('tokens', l.tokens)];
      }
      const [first, second] = l.accuracyPerLoop as number[];
      const loops = [point('accuracyPerLoop/01', first), point('accuracyPerLoop/02', second)];
      return [...loops, point('accuracy', l.accuracy), point('loss', l.loss)];
    })
    .sort();
}

/** Everything the server holds about the active runs of an experiment, read back through the client. */
export async function readBack(client: MlflowClient, experiment: string) {
  const found = await client.experimentByName(experiment);
  if (!found) return [];
  const runs = [];
  for await (const run of client.searchRuns({ experimentIds: [found.id] })) {
    const points: string[] = [];
    for (const key of Object.keys(run.metrics)) {
      for await (const m of client.metricHistory(run.id, key))
        points.push(`${key} ${m.step} ${m.value} ${m.timestamp}`);
    }
    const { id, name, status, startTime, endTime, params, tags } = run;
    runs.push({ id, name, status, startTime, endTime, params, tags, points: points.sort() });
  }
  return runs.sort((a, b) => (a.name < b.name ? -1 : 1));
}
