// A row does not feel its neighbours or its padding, and a token does not feel the future.
import { runTrace } from '@looplab/core';
import { tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import { distance } from '../subject.ts';

/** float32; other batch sizes sum in other orders */
const TOLERANCE = 1e-5;

export const invariance: Check = {
  name: 'invariance',
  claim: 'a row alone = in a batch, padded = not padded, and no token sees the future (1e-5)',
  run: async (s) => {
    const { config, strategy } = s;
    const params = await s.params();
    const seq = s.task.seq;
    const ids = s.batch(3).ids;
    const logits = async (x: tf.Tensor, keyMask?: tf.Tensor): Promise<tf.Tensor> => {
      const [batch, n] = x.shape as [number, number]; // ids are [batch, seq]
      const options = { train: false, noise: s.noise(batch, n, config.loops) };
      const [trace] = runTrace(config, strategy, params, { ids: x, ...(keyMask ? { keyMask } : {}) }, options);
      if (!trace) throw new Error('plan() returned no trajectory');
      return trace.logits(trace.states.length - 1);
    };
    const whole = await logits(ids);
    const expectNear = async (what: string, got: tf.Tensor, want: tf.Tensor): Promise<void> => {
      const gap = await distance(got, want);
      if (!(gap <= TOLERANCE)) throw new Error(`${what}: logits differ by ${gap}`);
    };
    await expectNear('a row alone', await logits(tf.slice(ids, [0, 0], [1, seq])), tf.slice(whole, [0, 0], [1, seq]));
    const short = tf.slice(ids, [0, 0], [3, seq - 2]);
    const before = await logits(short);
    const other = tf.concat([short, tf.sub(config.vocab - 1, tf.slice(ids, [0, seq - 2], [3, 2]))], 1);
    const [a, b] = [await logits(other), whole].map((x) => tf.slice(x, [0, 0], [3, seq - 2]));
    await expectNear('other tokens later', a as tf.Tensor, b as tf.Tensor); // two were mapped
    const mask = tensor(
      Float32Array.from({ length: 3 * seq }, (_, i) => (i % seq < seq - 2 ? 1 : 0)),
      [3, seq],
    );
    await expectNear('padding at the end', tf.slice(await logits(ids, mask), [0, 0], [3, seq - 2]), before);
  },
};
