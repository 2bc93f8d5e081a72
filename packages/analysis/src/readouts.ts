// What the model says at every scored token after every loop; most analyses are tables of this.
import { crossEntropy } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { AnalysisError, DivergedError } from './analysisError.ts';
import { type AnalysisContext, remembered, rowsOf } from './context.ts';
import { forward, heldOut, type Values } from './forward.ts';

/** Per scored token, in the order of rows and positions; per loop where the type says so. */
export interface Readouts {
  readonly tokens: number;
  /** Number of each loop that was read, from 1. A strategy that can only be read at its end has one entry. */
  readonly loops: readonly number[];
  /** Loops the model was trained with. */
  readonly trained: number;
  readonly row: Int32Array;
  readonly position: Int32Array;
  readonly target: Int32Array;
  readonly weight: Float32Array;
  /** Negative log-likelihood of the target, nats; one array a loop, as all that follow. */
  readonly loss: readonly Float32Array[];
  /** The likeliest symbol. */
  readonly answer: readonly Int32Array[];
  /** Probability of the likeliest symbol. */
  readonly confidence: readonly Float32Array[];
  /** Entropy of the predicted distribution, nats. */
  readonly entropy: readonly Float32Array[];
  /** Logit of stopping; empty without a gate. */
  readonly halt: readonly Float32Array[];
  /** Length of the loop's change of the state. */
  readonly change: readonly Float32Array[];
}

/**
 * Readouts of the held-out rows of a context, computed once for all analyses of the same model and rows.
 * @throws AnalysisError where nothing is scored or a loss is not a number
 */
export const readouts: (context: AnalysisContext) => Promise<Readouts> = remembered(collect);

/** Which token is scored at a position of a row of `seq` symbols, if any is. */
export function tokenAt(
  of: Pick<Readouts, 'row' | 'position'>,
  seq: number,
): (row: number, position: number) => number | undefined {
  const tokens = new Map(Array.from(of.row, (row, i) => [row * seq + (of.position[i] ?? 0), i]));
  return (row, position) => tokens.get(row * seq + position);
}

const FIELDS = ['loss', 'answer', 'confidence', 'entropy', 'change', 'halt'] as const;

async function collect(context: AnalysisContext): Promise<Readouts> {
  const { task, strategy, model } = context;
  const everyLoop = strategy.gives.includes('readouts');
  const gated = strategy.gives.includes('halt');
  const pass = forward(context, (trace, { targets }) => {
    const at = everyLoop ? trace.states.map((_, t) => t) : [trace.states.length - 1];
    return at.map((t) => {
      const logits = trace.logits(t);
      const logProbs = tf.sub(logits, tf.logSumExp(logits, -1, true)); // [B, S, V]
      const gate = gated ? [trace.halt[t] as tf.Tensor] : []; // one a loop
      return [
        crossEntropy(logits, targets),
        tf.argMax(logits, -1),
        tf.exp(tf.max(logProbs, -1)),
        tf.neg(tf.sum(tf.mul(tf.exp(logProbs), logProbs), -1)),
        tf.sqrt(trace.residual(t)),
        ...gate,
      ];
    });
  });
  const fields = gated ? FIELDS : FIELDS.slice(0, -1);
  const tokens: { row: number[]; position: number[]; target: number[]; weight: number[] } = {
    row: [],
    position: [],
    target: [],
    weight: [],
  };
  const parts: Values[][] = []; // batches of fields of loops
  await heldOut(context, async (batch, index, count) => {
    context.progress(`reading rows ${index * batch.batch + 1} to ${index * batch.batch + count} of ${rowsOf(context)}`);
    const values = await pass.run(batch, index);
    const scored: number[] = [];
    for (let i = 0; i < count * batch.seq; i++) {
      if (!((batch.weights[i] ?? 0) > 0)) continue;
      scored.push(i);
      tokens.row.push(index * batch.batch + Math.floor(i / batch.seq));
      tokens.position.push(i % batch.seq);
      tokens.target.push(batch.targets[i] ?? 0);
      tokens.weight.push(batch.weights[i] ?? 0);
    }
    parts.push(values.map((v) => pickFrom(v, scored)));
  });
  await pass.release();
  const total = tokens.row.length;
  if (total === 0)
    throw new AnalysisError(`task ${task.name} scores no position of its held-out rows; use rows with weights above 0`);
  const n = (parts[0]?.length ?? 0) / fields.length;
  const join = (field: number): Float32Array[] =>
    Array.from({ length: n }, (_, t) =>
      Float32Array.from(parts.flatMap((p) => Array.from(p[t * fields.length + field] ?? []))),
    );
  const loss = join(0);
  const bad = loss.findIndex((x) => x.some(Number.isNaN));
  if (bad >= 0)
    throw new DivergedError(
      `the loss after loop ${bad + 1} is not a number; the parameters or states hold NaN: choose a checkpoint from before the run diverged`,
    );
  return {
    tokens: total,
    loops: everyLoop ? Array.from({ length: n }, (_, t) => t + 1) : [model.loops],
    trained: model.loops,
    row: Int32Array.from(tokens.row),
    position: Int32Array.from(tokens.position),
    target: Int32Array.from(tokens.target),
    weight: Float32Array.from(tokens.weight),
    loss,
    answer: join(1).map((x) => Int32Array.from(x)),
    confidence: join(2),
    entropy: join(3),
    change: join(4),
    halt: gated ? join(5) : [],
  };
}

function pickFrom(values: Values, at: readonly number[]): Float32Array {
  return Float32Array.from(at, (i) => values[i] ?? Number.NaN);
}
