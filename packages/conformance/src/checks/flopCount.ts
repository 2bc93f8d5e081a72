// Counted FLOPs against the matrix products that TensorFlow.js really computes.
import { flops, runTrace } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import type { Subject } from '../subject.ts';

/** Of what is computed: small solves and mixtures over few entries are not counted. */
const TOLERANCE = 0.02;

/** Every product of two matrices in a pass that reads the last loop, 2 m n k each, seen by TensorFlow.js's profiler. */
export const flopCount: Check = {
  name: 'flopCount',
  claim: 'counted FLOPs = products computed (2%)',
  run: async (s) => {
    const counted = flops(s.config, s.strategy, { batch: 2, seq: s.task.seq });
    const computed = await productsOf(s);
    if (!(Math.abs(counted - computed) <= TOLERANCE * computed))
      throw new Error(`flops() counts ${counted}, the pass computes ${computed}`);
  },
};

async function productsOf(s: Subject): Promise<number> {
  const params = await s.params();
  const { ids } = s.batch(2);
  const noise = s.noise(2, s.task.seq, s.config.loops);
  const profile = await tf.profile(() => {
    for (const trace of runTrace(s.config, s.strategy, params, { ids }, { train: false, noise })) {
      trace.logits(trace.states.length - 1);
    }
  });
  return profile.kernels
    .filter((k) => k.name === 'BatchMatMul')
    .reduce((n, k) => {
      const [a = [], b = []] = k.inputShapes;
      const [out = []] = [(k.outputShapes as number[][])[0]];
      const size = out.reduce((x, y) => x * y, 1);
      const aSize = a.reduce((x, y) => x * y, 1);
      const bSize = b.reduce((x, y) => x * y, 1);
      const batch = out.slice(0, -2).reduce((x, y) => x * y, 1);
      // (m k)(k n) / (m n) = k^2
      return n + 2 * size * Math.sqrt(((aSize / batch) * (bSize / batch)) / (size / batch));
    }, 0);
}
