// A trace written by hand, small enough that every loss over it can be computed on paper.
import type { Batch, Trace } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from './objective.ts';

await useDevice({ kind: 'cpu' }); // before the tensors below are made

// One row of two tokens over three loops; the probability that loop t gives the right one of two symbols.
export const right = [
  [0.5, 0.2],
  [0.8, 0.2],
  [0.9, 0.6],
];
export const halting = [
  [0, -1],
  [1, 2],
  [9, -9],
];
const weights = [1, 3];
export const trace = (loops = 3, more: Partial<Trace> = {}): Trace => {
  const z = halting.slice(0, loops).map((row) => tf.tensor2d(row, [1, 2]));
  return {
    plan: { steps: z.map((_, t) => ({ core: 'core', t, grad: true })) },
    initial: {},
    states: z.map((h) => ({ h })),
    active: z.map(() => undefined),
    terms: z.map(() => ({})),
    halt: z,
    detachedHalt: (t) => z[t] as tf.Tensor,
    logits: (t) =>
      tf.tensor3d(
        (right[t] as number[]).flatMap((p) => [Math.log(p), Math.log(1 - p)]),
        [1, 2, 2],
      ),
    residual: () => tf.zeros([1, 2]),
    ...more,
  };
};
export const batch: Batch = {
  ids: tf.zeros([1, 2], 'int32'),
  targets: tf.zeros([1, 2], 'int32'),
  weights: tf.tensor2d(weights, [1, 2]),
};
export const values = async (o: Objective, traces: readonly Trace[] = [trace()]): Promise<Record<string, number>> => {
  const terms = o.terms(traces, batch);
  return Object.fromEntries(
    await Promise.all(Object.entries(terms).map(async ([n, x]) => [n, (await x.data())[0] as number])),
  );
};
export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
export const loss = right.map((row) => row.map((p) => -Math.log(p))); // [loop][token]
export const at = (m: number[][], t: number, i: number) => (m[t] as number[])[i] as number;
export const mean = (f: (token: number) => number) => (f(0) * 1 + f(1) * 3) / 4; // the weights above
