// A small real model, and what the gradient of an objective reaches in it.
import {
  type Batch,
  drawNoise,
  initParams,
  key,
  modelConfig,
  type Params,
  paramSpecs,
  randint,
  runTrace,
  type Strategy,
  type UpdatePlan,
} from '@looplab/core';
import { valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import './handMadeTrace.test-data.ts'; // sets the device
import type { Objective } from './objective.ts';

const config = modelConfig({ vocab: 5, dModel: 4, heads: 1, layers: 1, loops: 3, dFF: 6, initStd: 0.5 });
const [rows, seq] = [2, 3];
const ints = (k: number, below: number) => tf.tensor2d(randint(key(k), rows * seq, below), [rows, seq], 'int32');

/** Two rows of three tokens, one of which is not scored. */
export const real: Batch = {
  ids: ints(1, 5),
  targets: ints(2, 5),
  weights: tf.tensor2d([1, 0, 2, 1, 1, 0.5], [rows, seq]),
};

/** Initial parameters, with small numbers where they start at 0, so that zeros hide nothing. */
export const params = (s: Strategy): Params =>
  Object.fromEntries(
    paramSpecs(config, s).map((spec) => {
      const init = spec.init === 'zeros' ? ({ normal: 0.3 } as const) : spec.init;
      return Object.entries(initParams([{ ...spec, init }], key(9)))[0] as [string, tf.Tensor]; // one for each spec
    }),
  );

/** The loss of a training pass, made as `update` says; default: the strategy's first update. */
export const total =
  (o: Objective, s: Strategy, update?: UpdatePlan, batch: Batch = real) =>
  (p: Params): tf.Tensor => {
    const plan = update ?? s.schedule?.({ step: 0, steps: 9, key: key(3), config }) ?? {};
    const noise = drawNoise(config, s, { batch: rows, seq, loops: plan.loops ?? config.loops }, key(4));
    return o.terms(runTrace(config, s, p, batch, { train: true, ...plan, noise }), batch, { train: true }).total;
  };

/** Names of the parameters whose gradient is not 0, sorted. */
export async function reached(o: Objective, s: Strategy, update?: UpdatePlan, batch: Batch = real): Promise<string[]> {
  const { grads } = valueAndGrad(total(o, s, update, batch))(params(s));
  const names: string[] = [];
  for (const [n, g] of Object.entries(grads)) if ((await g.data()).some((x) => x !== 0)) names.push(n);
  return names.sort();
}

/** Five-point differences at the first and last entry of each parameter named. */
export async function agreesWithFiniteDifferences(
  o: Objective,
  s: Strategy,
  p: Params,
  names: readonly string[],
  update?: UpdatePlan,
  batch: Batch = real,
): Promise<void> {
  const f = total(o, s, update, batch);
  const { grads } = valueAndGrad(f)(p);
  for (const name of names) {
    const base = Float32Array.from(await (p[name] as tf.Tensor).data());
    const g = await (grads as Params)[name]?.data();
    for (const i of new Set([0, base.length - 1])) {
      const h = 1e-2;
      const shifted = async (d: number): Promise<number> => {
        const x = Float32Array.from(base, (v, j) => (j === i ? v + d : v));
        const t = f({ ...p, [name]: tf.tensor(x, (p[name] as tf.Tensor).shape) });
        return (await t.data())[0] as number;
      };
      const slope =
        (8 * ((await shifted(h)) - (await shifted(-h))) - (await shifted(2 * h)) + (await shifted(-2 * h))) / (12 * h);
      expect(g?.[i], `${name}[${i}]`).toBeCloseTo(slope, 3); // float32 noise of the differences is about 1e-4
    }
  }
}
