// The compiled engine against eager TensorFlow.js.
import { type Params, runTrace } from '@looplab/core';
import { compile, toArray, useDevice, valueAndGrad } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import type { Subject } from '../subject.ts';

/** Of the largest value of a tensor, float32. */
const TOLERANCE = 1e-4;

/** Loss and every gradient of every objective that fits, on the reference backend and compiled. */
export const compiled: Check = {
  name: 'compiled',
  claim: 'losses and gradients compiled = eager (1e-4 of the largest entry)',
  run: async (s) => {
    const eager = await lossesAndGradients(s);
    await useDevice({ kind: 'onnx', threads: 1 });
    try {
      const quick = await lossesAndGradients(s);
      for (const [name, want] of eager) {
        const got = quick.get(name) ?? [];
        const largest = want.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-2);
        const gap = want.reduce((m, x, i) => Math.max(m, Math.abs(x - (got[i] ?? Number.NaN))), 0);
        if (!(gap <= TOLERANCE * largest)) throw new Error(`${name}: compiled differs from eager by ${gap}`);
      }
    } finally {
      await useDevice({ kind: 'cpu' });
    }
  },
};

async function lossesAndGradients(s: Subject): Promise<Map<string, number[]>> {
  const { config, strategy, update } = s;
  const found = new Map<string, number[]>();
  const batch = s.batch(2);
  const noise = s.noise(2, batch.ids.shape[1] ?? 0);
  const params = await s.params();
  for (const objective of s.objectives) {
    const loss = (p: Params, b: typeof batch, n: typeof noise): tf.Tensor =>
      objective.terms(runTrace(config, strategy, p, b, { train: true, ...update, noise: n }), b, { train: true }).total;
    const step = compile(valueAndGrad(loss), { name: objective.id });
    const { value, grads } = await step(params, batch, noise);
    found.set(`${objective.id} loss`, [...(await toArray(value))]);
    for (const [name, g] of Object.entries(grads)) found.set(`${objective.id} ${name}`, [...(await toArray(g))]);
    await step.release();
  }
  return found;
}
