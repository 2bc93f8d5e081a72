// Leaving early costs less.
import { Decoder, type ExitRule, key } from '@looplab/core';
import { tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';

/** One row leaves after the first loop, then all rows: counted work falls, and depths say so. */
export const exitSaves: Check = {
  name: 'exitSaves',
  claim: 'an early exit lowers the counted FLOPs of decoding, for one row of a batch as for all',
  run: async (s) => {
    const { config, strategy } = s;
    const params = await s.params();
    const ids = tf.slice(s.batch(2).ids, [0, 0], [2, 3]);
    const work = async (leave: readonly [number, number]): Promise<{ flops: number; depths: number[] }> => {
      const decoder = new Decoder(config, strategy, params, { exit: afterFirst(leave), key: key(7) });
      await decoder.feed({ ids: tf.slice(ids, [0, 0], [2, 2]) }, { exit: null });
      const { flops, depths } = await decoder.feed({ ids: tf.slice(ids, [0, 2], [2, 1]) });
      decoder.dispose();
      return { flops, depths: [...depths] };
    };
    const full = await work([0, 0]);
    if (full.depths.every((d) => d === 1)) return; // nothing to leave
    const [one, both] = [await work([1, 0]), await work([1, 1])];
    if (!(both.flops < one.flops && one.flops < full.flops))
      throw new Error(`FLOPs at full depth ${full.flops}, one row leaving ${one.flops}, both ${both.flops}`);
    if (both.depths.some((d) => d !== 1)) throw new Error(`depths ${both.depths}, though every row left after loop 1`);
  },
};

/** Stops the rows marked 1 after their first loop. */
function afterFirst(leave: readonly number[]): ExitRule {
  return {
    id: 'afterFirst',
    options: {},
    needs: [],
    init: ({ batch, seq }) => ({
      leave: tensor(
        Float32Array.from({ length: batch * seq }, (_, i) => leave[Math.floor(i / seq)] ?? 0),
        [batch, seq],
      ),
    }),
    check: (memory) => ({ memory, done: memory.leave as tf.Tensor }), // made above
  };
}
