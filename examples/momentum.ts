// A recurrence of one's own, outside the packages: the loop with momentum, as heavy-ball descent has it.
import { fixedLoops, type State, type Strategy } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';

interface Moving extends State {
  /** [batch, seq, dModel] */
  readonly h: tf.Tensor;
  /** How `h` moved in the last loop, [batch, seq, dModel]. */
  readonly v: tf.Tensor;
}

/** `v <- m v + (core(h) - h)`, `h <- h + v` with one learned `m` a channel, 0 at first: then it is `fixedLoops`. */
export function momentum(): Strategy<Moving> {
  const { kv, driver, gradient, exit, stages } = fixedLoops();
  return {
    id: 'momentum',
    options: {},
    gives: ['readouts'],
    params: ({ dModel }) => [{ name: 'm', shape: [dModel], init: 'zeros', decay: false }],
    plan: ({ loops }) => [{ steps: Array.from({ length: loops }, (_, t) => ({ core: 'core', t, grad: true })) }],
    init: ({ e }) => ({ h: e, v: tf.zerosLike(e) }),
    step: ({ h, v }, _, ctx) => {
      const moved = tf.add(tf.mul(ctx.model.param('m'), v), tf.sub(ctx.core(h), h));
      return { h: tf.add(h, moved), v: moved };
    },
    read: ({ h }, { model }) => model.head(model.coda(h)),
    ...{ kv, driver, gradient, exit, stages, stationary: true },
  };
}
