// Writes made-up run folders in the shape the trainer writes, for tests.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SyntheticRun {
  readonly id: string;
  readonly strategy: string;
  readonly layers: number;
  readonly loops: number;
  readonly seed: number;
  /** Accuracy reached after each loop. */
  readonly reach: readonly number[];
  readonly task?: 'groupWords' | 'text';
  readonly config?: Readonly<Record<string, unknown>>;
  readonly steps?: number;
}

/** A run with smooth made-up curves, wiggled by the seed; every number follows from the arguments. */
export function writeSyntheticRun(study: string, run: SyntheticRun): string {
  const dir = join(study, run.id);
  mkdirSync(dir, { recursive: true });
  const text = run.task === 'text';
  const steps = run.steps ?? 800;
  const json = (name: string, value: unknown) => writeFileSync(join(dir, name), `${JSON.stringify(value, null, 2)}\n`);
  json('config.json', {
    study: 'quickstart',
    strategy: { id: run.strategy },
    objective: { id: run.loops > 1 ? 'entropyRegularised' : 'lastLoop' },
    model: { layers: run.layers, loops: run.loops, dModel: 64 },
    task: text ? { name: 'text', seq: 128 } : { name: 'groupWords', group: 'S3', seq: 16 },
    train: { steps, batch: 128, lr: 0.003 },
    seed: run.seed,
    ...run.config,
  });
  json('status.json', {
    status: 'finished',
    step: steps,
    steps,
    startedAt: '2026-11-24T08:00:00.000Z',
    updatedAt: '2026-11-24T08:00:31.500Z',
  });
  json('manifest.json', {
    runId: run.id,
    git: { sha: '4f1c2a9d7be0c1d2e3f405162738495a6b7c8d9e', dirty: false, diffHash: null },
    lockfileHash: 'b2c4',
    node: 'v24.21.0',
    cpu: 'Example CPU @ 2.6 GHz',
    cores: 2,
    packages: { '@looplab/core': '0.1.0', '@tensorflow/tfjs-core': '4.22.0' },
    seed: run.seed,
    createdAt: '2026-11-24T08:00:00.000Z',
    params: 50176 + 64 * (run.loops > 1 ? 1 : 0),
    device: 'cpu, 2 threads',
  });
  const wiggle = (at: number) => Math.sin(at * 1.7 + run.seed * 2.3) * 0.5 + Math.sin(at * 0.61 + run.seed * 5.1) * 0.5;
  const lines: string[] = [];
  for (let step = 0; step <= steps; step += 10) {
    const rise = 1 - Math.exp((-3.2 * step) / steps);
    lines.push(
      JSON.stringify({
        step,
        time: step * 0.04,
        kind: 'train',
        loss: 1.79 - (run.reach.at(-1) ?? 0) * rise * 1.4 + 0.06 * wiggle(step),
        terms: { task: 1.7, entropy: -0.1 },
        lr: 0.003,
        gradNorm: 1 + 0.2 * wiggle(step + 1),
        tokensPerSecond: 51200,
      }),
    );
    if (step % 50 !== 0) continue;
    const accuracyPerLoop = run.reach.map(
      (to, t) => 1 / 6 + (to - 1 / 6) * rise + 0.015 * wiggle(step / 50 + t) * (0.3 + rise),
    );
    const lossPerLoop = run.reach.map(
      (to, t) => (text ? 3.4 - rise * (1.1 + to) : 1.79 - 1.5 * (to - 1 / 6) * rise) + 0.01 * wiggle(step + t),
    );
    const raw = run.reach.map((to, t) => (run.loops === 1 ? 1 : to ** 2 + 0.05 + 0.02 * wiggle(step / 9 + t)));
    const sum = raw.reduce((a, b) => a + b, 0);
    lines.push(
      JSON.stringify({
        step,
        kind: 'eval',
        accuracyPerLoop,
        lossPerLoop,
        exitDistribution: raw.map((p) => p / sum),
        accuracy: accuracyPerLoop.at(-1),
        loss: lossPerLoop.at(-1),
        ...(text ? { bitsPerByte: (lossPerLoop.at(-1) ?? 0) / Math.LN2 } : {}),
      }),
    );
  }
  writeFileSync(join(dir, 'metrics.jsonl'), `${lines.join('\n')}\n`);
  return dir;
}

/** The quickstart as it should come out: a looped and a plain model, a few seeds each. */
export function writeQuickstart(study: string, seeds = 3): void {
  for (let seed = 0; seed < seeds; seed++) {
    const shift = 0.02 * Math.sin(seed * 3 + 1);
    writeSyntheticRun(study, {
      id: `a${seed}f3`,
      strategy: 'loopLM',
      layers: 1,
      loops: 4,
      seed,
      reach: [0.31, 0.42, 0.5, 0.545].map((x) => x + shift),
    });
    writeSyntheticRun(study, {
      id: `b${seed}c7`,
      strategy: 'plain',
      layers: 1,
      loops: 1,
      seed,
      reach: [0.37 + shift / 2],
    });
  }
}
