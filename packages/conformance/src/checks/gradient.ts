// The gradient of every objective against finite differences of its value.
import { type Cuts, estimatorSettings, holdingCuts, isTrainable, normal, type Params, runTrace } from '@looplab/core';
import { tensor, valueAndGrad } from '@looplab/engine';
import type { Objective } from '@looplab/objectives';
import * as tf from '@tensorflow/tfjs-core';
import type { Check } from '../checks.ts';
import type { Subject } from '../subject.ts';

/** Step of the central difference. A second one of half the size cancels its curvature (Richardson's extrapolation). */
const STEP = 6e-3;

/** Relative to the larger of the two slopes, with room for rounding at slopes near 0. */
const TOLERANCE = { relative: 0.02, absolute: 2e-4 };

/**
 * Along random directions. What lies behind a `stopGradient`, be it a step planned without gradient or a target, is held
 * at its value: the gradient belongs to that function, not to the whole loss. A fixed point is not held.
 */
export const gradient: Check = {
  name: 'gradient',
  claim: 'of each objective that fits = finite differences (float32, 2%)',
  run: async (s) => {
    // The implicit gradient is that of the fixed point, which moves with the parameters: nothing is held, and there must be one.
    const isImplicit = estimatorSettings(s.strategy.gradient).kind === 'implicit';
    const on = isImplicit ? s.contracting() : s;
    for (const objective of s.objectives) await checkObjective(on, objective, !isImplicit);
  },
};

async function checkObjective(s: Subject, objective: Objective, isHeld: boolean): Promise<void> {
  const { config, strategy, update } = s;
  const params = await s.params();
  const batch = s.batch(2);
  const noise = s.noise(2, batch.ids.shape[1] ?? 0);
  const loss = (p: Params): tf.Tensor =>
    objective.terms(runTrace(config, strategy, p, batch, { train: true, ...update, noise }), batch, { train: true })
      .total;
  const cuts: Cuts = [];
  if (isHeld) holdingCuts(cuts, () => loss(params));
  const { grads } = valueAndGrad(loss)(params);
  const moving = Object.keys(params).filter((name) => isTrainable({ trainable: objective.trains }, name));
  for (const seed of [1, 2, 3]) {
    const direction = Object.fromEntries(
      moving.map((name, i) => {
        const { size, shape } = params[name] as tf.Tensor; // a name of params
        return [name, tensor(normal([seed, i], size), shape)];
      }),
    );
    const norm = Math.sqrt((await sumOf(direction, direction)) || 1);
    const at = async (step: number): Promise<number> => {
      const moved = Object.fromEntries(
        Object.entries(params).map(([name, x]) => {
          const d = direction[name];
          return [name, d ? tf.add(x, tf.mul(d, step / norm)) : x];
        }),
      );
      return (await (isHeld ? holdingCuts(cuts, () => loss(moved)) : loss(moved)).data())[0] ?? Number.NaN;
    };
    const slope = async (step: number): Promise<number> => ((await at(step)) - (await at(-step))) / (2 * step);
    const numeric = (4 * (await slope(STEP / 2)) - (await slope(STEP))) / 3;
    const analytic = (await sumOf(grads, direction)) / norm;
    const gap = Math.abs(numeric - analytic);
    if (!(gap <= TOLERANCE.relative * Math.max(Math.abs(numeric), Math.abs(analytic)) + TOLERANCE.absolute)) {
      throw new Error(
        `objective ${objective.id}: the gradient has slope ${analytic} along direction ${seed}, finite differences ${numeric}`,
      );
    }
  }
}

/** Inner product over the tensors of `b`. */
async function sumOf(a: Params, b: Params): Promise<number> {
  const parts = Object.entries(b).map(([name, x]) => tf.sum(tf.mul(a[name] as tf.Tensor, x))); // same names
  const values = await Promise.all(parts.map(async (p) => (await p.data())[0] ?? Number.NaN));
  return values.reduce((x, y) => x + y, 0);
}
