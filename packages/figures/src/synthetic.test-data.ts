// Writes made-up run folders in the shape the trainer writes, for tests.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

export interface SyntheticSweep {
  readonly id: string;
  readonly metric?: 'accuracy' | 'loss' | 'bitsPerByte';
  readonly search?: { readonly id: string; readonly options?: Readonly<Record<string, unknown>> };
  /** One entry a point; what becomes of a run is `finished` unless told. */
  readonly points: readonly {
    readonly point: Readonly<Record<string, unknown>>;
    readonly seeds: readonly number[];
    /** Accuracy reached after the last loop. */
    readonly reach: (seed: number) => number;
    readonly fate?: (seed: number) => { readonly status: string; readonly error?: string; readonly cause?: string };
  }[];
}

/** A sweep's folder with its runs beside it, as @looplab/sweep lays them out; every number follows from the arguments. */
export function writeSyntheticSweep(study: string, sweep: SyntheticSweep): string {
  const dir = join(study, 'sweeps', sweep.id);
  mkdirSync(dir, { recursive: true });
  const spec = {
    study: 'made-up',
    scale: 'small',
    overrides: ['train.batch=128'],
    seeds: [...new Set(sweep.points.flatMap((p) => p.seeds))],
    search: { options: {}, ...(sweep.search ?? { id: 'grid' }) },
    metric: sweep.metric ?? 'accuracy',
    code: '10e83230f242',
  };
  const manifest = { id: sweep.id, spec, source: join(process.cwd(), 'experiments/made-up/study.ts') };
  writeFileSync(
    join(dir, 'sweep.json'),
    `${JSON.stringify({ ...manifest, createdAt: '2026-11-24T08:00:00.000Z' }, null, 2)}\n`,
  );
  const jobs = sweep.points.map(({ point, seeds, reach, fate }, trial) => {
    const runs = seeds.map((seed) => {
      const id = `${sweep.id.slice(0, 4)}${trial.toString(16).padStart(4, '0')}${seed.toString(16).padStart(4, '0')}`;
      const { status, ...why } = fate?.(seed) ?? { status: 'finished' };
      if (status !== 'planned') writeRunAt(study, id, point, seed, reach(seed), status, why);
      return { run: id, seed };
    });
    return JSON.stringify({ kind: 'job', job: trial, trial, point, runs });
  });
  writeFileSync(join(dir, 'journal.jsonl'), `${jobs.join('\n')}\n`);
  return dir;
}

function writeRunAt(
  study: string,
  id: string,
  point: Readonly<Record<string, unknown>>,
  seed: number,
  reach: number,
  status: string,
  why: object,
): void {
  const of = (group: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(point).flatMap(([k, v]) => (k.startsWith(`${group}.`) ? [[k.slice(group.length + 1), v]] : [])),
    );
  const { loops = 4 } = of('model') as { loops?: number };
  const dir = writeSyntheticRun(study, {
    ...{ id, strategy: 'loopLM', layers: 2, loops, seed, steps: 400 },
    reach: Array.from({ length: loops }, (_, t) => reach * (0.6 + (0.4 * (t + 1)) / loops)),
    config: {
      study: 'made-up',
      model: { layers: 2, dModel: 64, heads: 4, dFF: 176, loops, ...of('model') },
      train: {
        ...{ steps: 400, batch: 128, lr: 0.002, warmup: 50, schedule: 'cosine', beta1: 0.9, weightDecay: 0.1 },
        ...{ clipNorm: 1, evalEvery: 50, ...of('train') },
      },
      objective: { id: 'entropyRegularised', beta: 0.05, ...of('objective') },
    },
  });
  const path = join(dir, 'metrics.jsonl');
  const last = { step: 400, time: 4 + loops, kind: 'train', loss: 1, flops: 2e9 * 400 * loops };
  const kept = status === 'finished' ? 400 : 150;
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && JSON.parse(line).step <= kept);
  writeFileSync(path, `${[...lines, ...(status === 'finished' ? [JSON.stringify(last)] : [])].join('\n')}\n`);
  const step = { step: kept, steps: 400, startedAt: '2026-11-24T08:00:00.000Z', updatedAt: '2026-11-24T08:00:09.000Z' };
  writeFileSync(join(dir, 'status.json'), JSON.stringify({ status, ...step, ...why }));
}
