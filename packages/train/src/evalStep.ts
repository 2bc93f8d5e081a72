// Held-out loss and accuracy after every loop, and how the halting gate spreads over the loops.
import {
  type Batch,
  chosenTrajectory,
  drawNoise,
  exitLogProbs,
  fold,
  type Key,
  type ModelConfig,
  type Noise,
  type Params,
  runWithContext,
  type Stage,
  type Strategy,
  type Trace,
} from '@looplab/core';
import { crossEntropy } from '@looplab/engine';
import type { Task } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { batchTensors } from './batch.ts';
import { disposeTree } from './disposeTree.ts';
import type { EvalRecord } from './runFolder.ts';

/** Sums over the scored positions of one batch, so that batches of any weight can be added up. */
export interface EvalSums {
  /** Weighted NLL in nats after each loop, [loops]. */
  readonly nll: tf.Tensor;
  /** Weighted count of correct arg-max answers after each loop, [loops]. */
  readonly correct: tf.Tensor;
  /** Weighted probability of leaving after each trained loop, [model.loops]; [0] without a gate. */
  readonly exit: tf.Tensor;
  /** Sum of the weights. */
  readonly weight: tf.Tensor;
}

/** The means of an evaluation; see {@link EvalRecord} for the units. */
export type Evaluation = Omit<EvalRecord, 'step' | 'time' | 'kind'>;

/**
 * `(params, batch, noise) -> sums`, pure tensor operations. A strategy that gives no read-out of every step is read at its
 * end; one that makes several trajectories is read where it chooses to, row by row, or in the first.
 * @param loops deepest loop to read, at least `model.loops`; more extrapolates beyond the trained depth
 * @param rewrite what the stage does to its batches
 */
export function evalStep(
  model: ModelConfig,
  strategy: Strategy,
  loops: number,
  rewrite?: Stage['rewrite'],
): (params: Params, batch: Batch, noise: Noise) => EvalSums {
  const hasReadouts = strategy.gives.includes('readouts');
  const hasGate = strategy.gives.includes('halt');
  return (params, raw, noise) => {
    const batch = rewrite ? rewrite(raw) : raw;
    const { traces, ctx } = runWithContext(model, strategy, params, batch, { train: false, loops, noise });
    const trace =
      traces.length > 1 && strategy.choose ? pick(traces, chosenTrajectory(strategy, traces, ctx)) : traces[0];
    if (!trace) throw new Error('a strategy plans at least one trajectory');
    const last = trace.states.length - 1;
    const read = hasReadouts ? trace.states.map((_, t) => t) : [last];
    const weighted = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, batch.weights));
    const nll = read.map((t) => tf.sum(crossEntropy(trace.logits(t), batch.targets, batch.weights)));
    const correct = read.map((t) =>
      weighted(tf.cast(tf.equal(tf.argMax(trace.logits(t), -1), batch.targets), 'float32')),
    );
    const exit = hasGate ? exitLogProbs(trace.halt.slice(0, model.loops)).map((p) => weighted(tf.exp(p))) : [];
    return {
      nll: tf.stack(nll),
      correct: tf.stack(correct),
      exit: exit.length > 0 ? tf.stack(exit) : tf.zeros([1]),
      weight: tf.sum(batch.weights),
    };
  };
}

/** What is read of a trace here. */
type Readable = Pick<Trace, 'states' | 'halt' | 'logits'>;

/**
 * For each row the trajectory that was chosen, as far as all of them go.
 * @param chosen int32 [batch, 1]
 */
function pick(traces: readonly Trace[], chosen: tf.Tensor): Readable {
  const length = Math.min(...traces.map((t) => t.states.length));
  const select = (xs: readonly tf.Tensor[]): tf.Tensor =>
    xs.reduce((kept, x, i) => {
      const isThis = tf.reshape(tf.equal(chosen, i), [x.shape[0] ?? 0, ...new Array<number>(x.rank - 1).fill(1)]);
      return i === 0 ? x : tf.where(isThis, x, kept);
    });
  const known = new Map<number, tf.Tensor>();
  const [first] = traces as [Trace]; // there are several
  return {
    states: first.states.slice(0, length),
    halt: first.halt.slice(0, length).map((_, t) => select(traces.map((x) => x.halt[t] as tf.Tensor))), // a gate has a logit a loop
    logits: (t) => {
      const y = known.get(t) ?? select(traces.map((x) => x.logits(t)));
      known.set(t, y);
      return y;
    },
  };
}

/** How deep an evaluation can and should read. */
export function evalDepth(model: ModelConfig, strategy: Strategy, asked: number | undefined): number {
  return strategy.gives.includes('readouts') ? Math.max(model.loops, asked ?? 0) : model.loops;
}

/**
 * Means over `batches` held-out batches, at most as many as the task has.
 * @param step a compiled {@link evalStep}
 */
export async function evaluate(
  step: (params: Params, batch: Batch, noise: Noise) => Promise<EvalSums>,
  on: {
    model: ModelConfig;
    strategy: Strategy;
    task: Task;
    params: Params;
    batch: number;
    batches: number;
    loops: number;
    /** Seeds the noise of strategies that need some. */
    key: Key;
  },
): Promise<Evaluation> {
  const { model, strategy, task, batch, loops } = on;
  const rows = task.validationRows ?? Number.POSITIVE_INFINITY;
  const batches = Math.min(on.batches, Math.ceil(rows / batch));
  const nll: number[] = [];
  const correct: number[] = [];
  const exit: number[] = [];
  let weight = 0;
  for (let i = 0; i < batches; i++) {
    const inputs = batchTensors(task.validation(i, batch));
    const noise = drawNoise(model, strategy, { batch, seq: task.seq, loops }, fold(on.key, i));
    const sums = await step(on.params, inputs, noise);
    addInto(nll, await sums.nll.data());
    addInto(correct, await sums.correct.data());
    addInto(exit, await sums.exit.data());
    weight += (await sums.weight.data())[0] ?? 0;
    disposeTree({ inputs, noise, sums });
  }
  const mean = (sum: number): number => sum / weight;
  const lossPerLoop = nll.map(mean);
  const accuracyPerLoop = correct.map(mean);
  const exitDistribution = strategy.gives.includes('halt') ? exit.map(mean) : [];
  // A strategy without read-outs has one entry, the end.
  const trained = Math.min(model.loops, lossPerLoop.length) - 1;
  const loss = lossPerLoop[trained] ?? Number.NaN;
  return {
    accuracyPerLoop,
    lossPerLoop,
    exitDistribution,
    expectedLoops:
      exitDistribution.length > 0 ? exitDistribution.reduce((sum, p, t) => sum + p * (t + 1), 0) : model.loops,
    accuracy: accuracyPerLoop[trained] ?? Number.NaN,
    loss,
    ...(task.metric === 'bitsPerByte' ? { bitsPerByte: loss / Math.LN2 / (task.bytesPerSymbol ?? 1) } : {}),
  };
}

function addInto(sums: number[], more: ArrayLike<number>): void {
  for (let i = 0; i < more.length; i++) sums[i] = (sums[i] ?? 0) + (more[i] ?? 0);
}
