// Scored tokens of held-out rows under a KV policy: the whole row in one call, or token by token from a cache.
import { Decoder, type KvPolicy } from '@looplab/core';
import { crossEntropy, tensor } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { DivergedError } from '../analysisError.ts';
import type { AnalysisContext } from '../context.ts';
import { forward } from '../forward.ts';

/** One entry a scored token, in the order of rows and positions. */
export interface Scored {
  /** Its place in the batch, row-major. */
  readonly at: readonly number[];
  readonly row: Int32Array;
  readonly weight: Float32Array;
  /** The likeliest symbol. */
  readonly answer: Int32Array;
  /** 1 where that is the target. */
  readonly right: Float64Array;
  /** Nats. */
  readonly loss: Float64Array;
}

/** Prefill: every token of a row at once, as a prompt is read. */
export async function prefill(context: AnalysisContext, batch: TaskBatch, kv: KvPolicy): Promise<Scored> {
  const pass = forward(
    context,
    (trace, { targets }) => {
      const logits = trace.logits(trace.states.length - 1);
      return [tf.argMax(logits, -1), crossEntropy(logits, targets)];
    },
    { loops: context.model.loops, kv },
  );
  const [answer, loss] = await pass.run(batch, 0);
  await pass.release();
  return scored(batch, kv, answer ?? [], loss ?? []);
}

/**
 * Decode: the first `prompt` tokens of a row at once, then one token a call, each fed as it stands in the row; at full depth.
 * After a prompt of several tokens only those that follow it are scored.
 */
export async function decode(
  context: AnalysisContext,
  batch: TaskBatch,
  kv: KvPolicy,
  { prompt = 1 }: { prompt?: number } = {},
): Promise<Scored> {
  const { model, strategy, params } = context;
  const { batch: rows, seq, targets } = batch;
  const answer = new Int32Array(rows * seq);
  const loss = new Float64Array(rows * seq);
  const decoder = new Decoder(model, strategy, params, { kv });
  try {
    for (let from = 0, n = prompt; from < seq; from += n, n = 1) {
      const columns = (x: Int32Array | Float32Array) =>
        tf.tidy(() => tf.slice(tensor(x, [rows, seq]), [0, from], [rows, n]));
      const fed = { ids: columns(batch.ids), ...(batch.keyMask ? { keyMask: columns(batch.keyMask) } : {}) };
      const { logits } = await decoder.feed(fed, { exit: null }).finally(() => tf.dispose(fed));
      const values = (await logits.data()) as Float32Array; // logits are float32
      logits.dispose();
      for (let i = 0; i < rows * n; i++) {
        const at = Math.floor(i / n) * seq + from + (i % n);
        const row = values.subarray(i * model.vocab, (i + 1) * model.vocab);
        const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        const mass = row.reduce((sum, z) => sum + Math.exp(z - top), 0);
        answer[at] = row.indexOf(top);
        loss[at] = top + Math.log(mass) - (row[targets[at] ?? 0] ?? Number.NaN);
      }
    }
  } finally {
    decoder.dispose();
  }
  return scored(batch, kv, answer, loss, prompt > 1 ? prompt : 0);
}

/** The scored tokens from position `from` on. */
function scored(batch: TaskBatch, kv: KvPolicy, answer: ArrayLike<number>, loss: ArrayLike<number>, from = 0): Scored {
  const at = Array.from(batch.weights, (w, i) => (w > 0 && i % batch.seq >= from ? i : -1)).filter((i) => i >= 0);
  const bad = at.find((i) => !Number.isFinite(loss[i] ?? Number.NaN));
  if (bad !== undefined)
    throw new DivergedError(
      `under kv policy ${kv.id} the loss of row ${Math.floor(bad / batch.seq)} is not finite; choose a checkpoint from before the run diverged`,
    );
  return {
    at,
    row: Int32Array.from(at, (i) => Math.floor(i / batch.seq)),
    weight: Float32Array.from(at, (i) => batch.weights[i] ?? 0),
    answer: Int32Array.from(at, (i) => answer[i] ?? -1),
    right: Float64Array.from(at, (i) => (answer[i] === batch.targets[i] ? 1 : 0)),
    loss: Float64Array.from(at, (i) => loss[i] ?? Number.NaN),
  };
}
