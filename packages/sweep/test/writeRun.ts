// A finished run's folder, written by hand.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface WrittenRun {
  readonly loops: number;
  readonly loss: number;
  readonly status?: string;
  readonly cause?: string;
  readonly variant?: string;
  readonly seed?: number;
}

/** Writes `<results>/<study>/<run>/` as a run that was trained for 20 steps. */
export function writeRun(results: string, study: string, run: string, what: WrittenRun): void {
  const { loops, loss, status = 'finished', cause, variant, seed = 0 } = what;
  const dir = join(results, study, run);
  mkdirSync(dir, { recursive: true });
  const write = (name: string, value: object): void => writeFileSync(join(dir, name), `${JSON.stringify(value)}\n`);
  const config = {
    ...{ study, ...(variant === undefined ? {} : { variant }) },
    strategy: { id: 'loopLM' },
    objective: { id: 'entropyRegularised', beta: 0.05 },
    model: { vocab: 6, dModel: 64, heads: 4, layers: 2, loops, dFF: 176 },
    task: { name: 'groupWords', group: 'S3', seq: 16 },
    train: { steps: 20, batch: 32, lr: 1e-3, evalEvery: 10 },
    seed,
  };
  write('config.json', config);
  write('manifest.json', { runId: run, codeId: 'c', params: 1000 + loops, seed });
  const at = '2026-01-01T00:00:00.000Z';
  const failure = cause === undefined ? {} : { cause, error: 'something' };
  write('status.json', { status, step: 20, steps: 20, startedAt: at, updatedAt: at, ...failure });
  const record = { time: 2, tokens: 640, flops: 1e6 };
  const evaluation = { accuracyPerLoop: [0.5], lossPerLoop: [loss], exitDistribution: [], expectedLoops: 1 };
  const lines = [
    { step: 10, kind: 'train', loss: loss + 1, ...record, time: 1, tokens: 320 },
    { step: 10, kind: 'eval', time: 1, ...evaluation, loss: loss + 1, accuracy: 0.25 },
    { step: 20, kind: 'train', loss, ...record },
    { step: 20, kind: 'eval', time: 2, ...evaluation, loss, accuracy: 0.5 },
  ];
  writeFileSync(join(dir, 'metrics.jsonl'), lines.map((l) => `${JSON.stringify(l)}\n`).join(''));
}
