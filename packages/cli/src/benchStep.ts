// Times whole training steps of the real model code: forward, loss, backward, clipping, AdamW.
import { countParams, initParams, key, loopLM, modelConfig, paramSpecs, randint } from '@looplab/core';
import { compile, GEMM_OPERATORS, tensor, toArray, useDevice } from '@looplab/engine';
import { entropyRegularised } from '@looplab/objectives';
import type { TaskBatch } from '@looplab/tasks';
import { batchTensors, median, trainConfig, trainState, trainStep } from '@looplab/train';
import type { deviceOf } from './device.ts';

export interface BenchOptions {
  readonly d: number;
  readonly heads: number;
  readonly layers: number;
  readonly loops: number;
  readonly ff: number;
  readonly vocab: number;
  readonly seq: number;
  readonly batch: number;
  /** Timed steps, after one that compiles and two that warm up. */
  readonly steps: number;
  /** Recompute loops in the backward pass instead of storing them. */
  readonly remat: boolean;
  readonly device: ReturnType<typeof deviceOf>;
}

export interface BenchResult {
  readonly medianMs: number;
  readonly minMs: number;
  readonly tokensPerSecond: number;
  /** By the formula every framework is measured with, {@link usualFlops}. */
  readonly gflops: number;
  /** Share of a step's kernel time in matrix products; null where the device cannot say. */
  readonly gemmShare: number | null;
  readonly peakRssMb: number;
  /** First step of the signature: trace, passes, session, first run. */
  readonly compileMs: number;
  readonly params: number;
  /** Loss after the last step, in nats a token; a broken step is not a fast one. */
  readonly loss: number;
}

/**
 * FLOPs of a step as is usual: six per weight and token (two forward, four backward), attention scores and mixture halved
 * by causality, embedding lookups free. `6 B S T (L (4 d^2 + 3 d ff + S d) + V d)`: every loop is read out.
 */
export function usualFlops(o: Omit<BenchOptions, 'device' | 'steps' | 'heads' | 'remat'>): number {
  const perToken = o.layers * (4 * o.d ** 2 + 3 * o.d * o.ff + o.seq * o.d) + o.vocab * o.d;
  return 6 * o.batch * o.seq * o.loops * perToken;
}

/**
 * Trains a LoopLM for a few steps on one batch of random tokens and reports the time of a step.
 * @throws ConfigError for a shape that cannot be built
 */
export async function benchStep(o: BenchOptions): Promise<BenchResult> {
  const model = modelConfig({
    vocab: o.vocab,
    dModel: o.d,
    heads: o.heads,
    layers: o.layers,
    loops: o.loops,
    dFF: o.ff,
  });
  const strategy = loopLM();
  const specs = paramSpecs(model, strategy);
  await useDevice(o.device);

  const train = trainConfig({ steps: 1, batch: o.batch, remat: o.remat });
  const setup = { model, strategy, objective: entropyRegularised({ beta: 0.05 }), specs, train };
  const step = compile(trainStep(setup), { donate: [0], name: 'train step' });
  const batch = batchTensors(randomTokens(o));
  const lr = tensor(Float32Array.of(1e-3), []);
  let { state, frozen } = trainState(initParams(specs, key(0)), () => true);

  const times: number[] = [];
  let loss = Number.NaN;
  for (let i = 0; i < 3 + o.steps; i++) {
    const start = performance.now();
    const [next, metrics] = await step(state, frozen, batch, {}, lr);
    // reading the loss waits for the step, as a training loop that logs would
    loss = Number((await toArray(metrics.loss))[0]);
    times.push(performance.now() - start);
    state = next;
  }
  const [compileMs = Number.NaN, , , ...timed] = times;
  const medianMs = median(timed);
  const peakRssMb = process.resourceUsage().maxRSS / 1024; // before the profile loads a second program
  return {
    medianMs,
    minMs: Math.min(...timed),
    tokensPerSecond: (1000 * o.batch * o.seq) / medianMs,
    gflops: usualFlops(o) / medianMs / 1e6,
    gemmShare: o.device.kind === 'onnx' ? gemmShare(await step.kernelTimes(state, frozen, batch, {}, lr)) : null,
    peakRssMb,
    compileMs,
    params: countParams(specs),
    loss,
  };
}

/** Share of the kernel time that is matrix products. */
function gemmShare(times: Readonly<Record<string, number>>): number {
  const sum = (names: string[]): number => names.reduce((total, name) => total + (times[name] ?? 0), 0);
  const names = Object.keys(times);
  return sum(names.filter((name) => GEMM_OPERATORS.has(name))) / sum(names);
}

/** One batch of uniform tokens, every position scored. */
function randomTokens({ vocab, batch, seq }: Pick<BenchOptions, 'vocab' | 'batch' | 'seq'>): TaskBatch {
  const n = batch * seq;
  return {
    ids: randint(key(1), n, vocab),
    targets: randint(key(2), n, vocab),
    weights: new Float32Array(n).fill(1),
    batch,
    seq,
  };
}
