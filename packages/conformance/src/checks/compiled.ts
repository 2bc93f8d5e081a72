// The compiled engine against eager TensorFlow.js.
import { type Params, runTrace } from '@looplab/core';
import { compile, toArray, useDevice, valueAndGrad } from '@looplab/engine';
import type { Objective } from '@looplab/objectives';
import type * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import type { Subject } from '../subject.ts';

/** Of the largest entry of all gradients of an objective, float32. */
const TOLERANCE = 1e-4;

/** Loss and every gradient of every objective that fits, on the reference backend and compiled. */
export const compiled: Check = {
  name: 'compiled',
  claim: 'losses and gradients compiled = eager (1e-4 of the largest entry)',
  run: async (s) => {
    for (const objective of s.objectives) await compare(s, objective);
  },
};

async function compare(s: Subject, objective: Objective): Promise<void> {
  const eager = await lossAndGradients(s, objective);
  await useDevice({ kind: 'onnx', threads: 1 });
  try {
    const quick = await lossAndGradients(s, objective);
    const largest = Math.max(...[...eager.values()].flat().map(Math.abs));
    for (const [name, want] of eager) {
      const got = quick.get(name) ?? [];
      const gap = want.reduce((m, x, i) => Math.max(m, Math.abs(x - (got[i] ?? Number.NaN))), 0);
      if (!(gap <= TOLERANCE * largest))
        throw new Error(`objective ${objective.id}: ${name} differs by ${gap}; the largest entry is ${largest}`);
    }
  } finally {
    await useDevice({ kind: 'cpu' });
  }
}

async function lossAndGradients(s: Subject, objective: Objective): Promise<Map<string, number[]>> {
  const { config, strategy, update } = s;
  const batch = s.batch(2);
  const noise = s.noise(2, batch.ids.shape[1] ?? 0);
  const loss = (p: Params, b: typeof batch, n: typeof noise): tf.Tensor =>
    objective.terms(runTrace(config, strategy, p, b, { train: true, ...update, noise: n }), b, { train: true }).total;
  const step = compile(valueAndGrad(loss), { name: objective.id });
  const { value, grads } = await step(await s.params(), batch, noise);
  const found = new Map([['the loss', [...(await toArray(value))]]]);
  for (const [name, g] of Object.entries(grads)) found.set(`the gradient of ${name}`, [...(await toArray(g))]);
  await step.release();
  return found;
}
