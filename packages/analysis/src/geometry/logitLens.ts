// The logit lens: every token of a few rows, read after every loop.
import { crossEntropy } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { AnalysisContext } from '../context.ts';
import { exitProbabilities } from '../exitProbabilities.ts';
import { forward } from '../forward.ts';
import type { Row } from '../table.ts';

/** Columns of {@link logitLens}, for the registry. */
export const lensColumns = {
  row: 'held-out row, from 0',
  position: 'position in the row, from 0',
  symbol: 'the symbol read there',
  target: 'what should be said there; empty where nothing is scored',
  loop: 'number of loops',
  probability: 'probability of the target, or of the likeliest symbol where nothing is scored',
  said: 'the likeliest symbol',
  entropy: 'entropy of the prediction, nats',
  exitProbability: 'probability of stopping after this loop; empty without a gate or beyond the trained depth',
  exit: 'whether the exit distribution has its median here, where the token would stop at a threshold of one half',
} as const;

/** One row a token and loop, for the first `rows` held-out rows; symbols are spelled by the task. */
export async function logitLens(context: AnalysisContext, rows: number): Promise<Row[]> {
  const { task, strategy, model } = context;
  const gated = strategy.gives.includes('halt');
  const everyLoop = strategy.gives.includes('readouts');
  const pass = forward(context, (trace, { targets }) => {
    const at = everyLoop ? trace.states.map((_, t) => t) : [trace.states.length - 1];
    return at.map((t) => {
      const logits = trace.logits(t);
      const logProbs = tf.sub(logits, tf.logSumExp(logits, -1, true)); // [B, S, V]
      const said = tf.argMax(logits, -1);
      const of = (labels: tf.Tensor): tf.Tensor => tf.exp(tf.neg(crossEntropy(logits, tf.cast(labels, 'int32'))));
      const entropy = tf.neg(tf.sum(tf.mul(tf.exp(logProbs), logProbs), -1));
      return [of(targets), of(said), said, entropy, ...(gated ? [trace.halt[t] as tf.Tensor] : [])]; // one a loop
    });
  });
  const batch = task.validation(0, rows);
  const values = await pass.run(batch, 0);
  await pass.release();
  const fields = gated ? 5 : 4;
  const loops = values.length / fields;
  const field = (t: number, f: number): ArrayLike<number> => values[t * fields + f] ?? [];
  const tokens = batch.ids.length;
  const halt = gated ? Array.from({ length: loops }, (_, t) => Float32Array.from(field(t, 4))) : [];
  const p = exitProbabilities({ halt, trained: model.loops, tokens });
  const spell = (id: number): string => task.decode([id]);
  const shown = (i: number): boolean => (batch.keyMask?.[i] ?? 1) > 0;
  return Array.from({ length: tokens }, (_, i) => i)
    .filter(shown)
    .flatMap((i) => {
      const scored = (batch.weights[i] ?? 0) > 0;
      let passed = 0;
      return Array.from({ length: loops }, (_, t): Row => {
        const exitProbability = p[t]?.[i];
        const before = passed;
        passed += exitProbability ?? 0;
        return {
          row: Math.floor(i / batch.seq),
          position: i % batch.seq,
          symbol: spell(batch.ids[i] ?? 0),
          target: scored ? spell(batch.targets[i] ?? 0) : null,
          loop: everyLoop ? t + 1 : model.loops,
          probability: field(t, scored ? 0 : 1)[i] ?? null,
          said: spell(field(t, 2)[i] ?? 0),
          entropy: field(t, 3)[i] ?? null,
          exitProbability: exitProbability ?? null,
          exit: exitProbability !== undefined && before < 0.5 && passed >= 0.5,
        };
      });
    });
}
