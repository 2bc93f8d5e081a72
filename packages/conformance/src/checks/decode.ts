// Token-by-token decoding with a cache against the parallel pass.
import { Decoder, key, runTrace } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import { distance, type Subject } from '../subject.ts';

/** float32 */
const TOLERANCE = 1e-5;

/** A strategy that says why it is inexact must differ: an excuse nobody needs hides errors. */
export const decode: Check = {
  name: 'decode',
  claim: 'token by token with a cache = all tokens at once (1e-5), or declared to differ, with the reason',
  run: async (s) => {
    const gap = Math.max(await gapOf(s, [1, 1, 1, 1, 1]), await gapOf(s, [3, 2]));
    const reason = s.strategy.inexact ?? s.strategy.kv.inexact;
    if (reason === undefined && !(gap <= TOLERANCE))
      throw new Error(`decoding differs from the parallel pass by ${gap}; find out why, or declare it in 'inexact'`);
    if (reason !== undefined && gap <= TOLERANCE)
      throw new Error(`decoding equals the parallel pass (${gap}), though 'inexact' says: ${reason}; leave it out`);
  },
};

async function gapOf(s: Subject, pieces: readonly number[]): Promise<number> {
  const { config, strategy } = s;
  const params = await s.params();
  const { ids: all } = s.batch(2);
  const seq = pieces.reduce((a, b) => a + b);
  const ids = tf.slice(all, [0, 0], [2, seq]);
  const [trace] = runTrace(config, strategy, params, { ids }, { train: false, noise: s.noise(2, seq, config.loops) });
  if (!trace) throw new Error('plan() returned no trajectory');
  const decoder = new Decoder(config, strategy, params, { block: 2, key: key(7) });
  const parts: tf.Tensor[] = [];
  for (const n of pieces) {
    const { logits } = await decoder.feed({ ids: tf.slice(ids, [0, decoder.length], [2, n]) }, { exit: null });
    parts.push(logits);
  }
  decoder.dispose();
  return distance(tf.concat(parts, 1), trace.logits(trace.states.length - 1));
}
