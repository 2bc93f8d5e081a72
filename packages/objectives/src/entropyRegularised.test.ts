// The prior of the exit distribution: uniform is Ouro's entropy, geometric is PonderNet's divergence.
import { loopLM } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { entropyRegularised } from './entropyRegularised.ts';
import { at, batch, halting, loss, mean, sigmoid, trace, values } from './handMadeTrace.test-data.ts';
import { ponderNetLoss } from './ponderNet.ts';
import { agreesWithFiniteDifferences, params, reached } from './smallModel.test-data.ts';

/** p of token i, as stick-breaking of the trace's gate. */
const exit = (i: number): number[] => {
  const [a, b] = [sigmoid(at(halting, 0, i)), sigmoid(at(halting, 1, i))];
  return [a, (1 - a) * b, (1 - a) * (1 - b)];
};
const geometric = (lambda: number, n: number): number[] => {
  const q = Array.from({ length: n }, (_, t) => lambda * (1 - lambda) ** t);
  const mass = q.reduce((a, b) => a + b);
  return q.map((x) => x / mass);
};
const kl = (p: readonly number[], q: readonly number[]): number =>
  p.reduce((sum, x, t) => sum + x * Math.log(x / (q[t] as number)), 0);

describe.each([
  ['entropyRegularised', entropyRegularised({ beta: 0.5, prior: 'geometric', lambda: 0.8 })],
  ['ponderNet', ponderNetLoss({ beta: 0.5, lambda: 0.8 })],
])('%s with a geometric prior (float32, 1e-5)', (_, objective) => {
  const q = geometric(0.8, 3);

  it('is the expected loss and KL(p || q) to the truncated, renormalised law', async () => {
    const v = await values(objective);
    const expected = mean((i) => exit(i).reduce((sum, p, t) => sum + p * at(loss, t, i), 0));
    const divergence = mean((i) => kl(exit(i), q));
    expect(v.expectedLoss).toBeCloseTo(expected, 5);
    expect(v.divergence).toBeCloseTo(0.5 * divergence, 5);
    expect(v.total).toBeCloseTo(expected + 0.5 * divergence, 5);
  });

  it('is neither the reversed divergence nor that of a prior that lacks its tail', async () => {
    const { divergence = Number.NaN } = await values(objective);
    const reversed = mean((i) => kl(q, exit(i)));
    const lacking = mean((i) =>
      kl(
        exit(i),
        q.map((_, t) => 0.8 * 0.2 ** t),
      ),
    );
    for (const wrong of [reversed, lacking]) expect(Math.abs(divergence - 0.5 * wrong)).toBeGreaterThan(3e-3);
  });

  it('costs nothing where the gate is the prior, and more everywhere else', async () => {
    // lambda_t = q_t / (what is left of q) breaks the stick into q
    const left = [1, 1 - (q[0] as number)];
    const logits = left.map((rest, t) => Math.log((q[t] as number) / (rest - (q[t] as number))));
    const gate = (shift: number) => [...logits, 0].map((z) => tf.fill([1, 2], z + shift));
    const divergence = async (shift: number) =>
      (await values(objective, [trace(3, { halt: gate(shift) })])).divergence ?? Number.NaN;
    expect(await divergence(0)).toBeCloseTo(0, 6);
    for (const shift of [-1, -0.2, 0.2, 1]) expect(await divergence(shift)).toBeGreaterThan(1e-3);
  });

  it('agrees with finite differences and reaches every parameter', async () => {
    const p = params(loopLM());
    await agreesWithFiniteDifferences(objective, loopLM(), p, [
      'model.early_exit_gate.weight',
      'model.layers.0.self_attn.v_proj.weight',
    ]);
    expect(await reached(objective, loopLM())).toEqual(Object.keys(p).sort());
  });
});

it('the prior ablation differs by the prior alone: a flat geometric law is the uniform one', async () => {
  const flat = await values(entropyRegularised({ beta: 0.3, prior: 'geometric', lambda: 1e-6 }));
  const uniform = await values(entropyRegularised({ beta: 0.3 }));
  expect(flat.expectedLoss).toBe(uniform.expectedLoss);
  // KL(p || uniform) = log T - H(p)
  expect(flat.divergence).toBeCloseTo(0.3 * Math.log(3) + (uniform.entropy ?? Number.NaN), 5);
});

it('each loop gives the gate a signal of its own: a loss that is high in one loop lowers that loop alone', async () => {
  const z = tf.variable(tf.zeros([1, 2]));
  const wrongAt = (bad: number) => (t: number) => tf.tensor3d(t === bad ? [0, 5, 0, 5] : [5, 0, 5, 0], [1, 2, 2]);
  const slope = async (bad: number): Promise<number> => {
    const f = (): tf.Scalar => {
      const halt = [z, tf.zeros([1, 2]), tf.zeros([1, 2])];
      return ponderNetLoss({ beta: 0 }).terms([trace(3, { halt, logits: wrongAt(bad) })], batch).total as tf.Scalar;
    };
    const { grads } = tf.variableGrads(f, [z]);
    return (await (grads[z.name] as tf.Tensor).data())[0] ?? Number.NaN;
  };
  expect(await slope(0)).toBeGreaterThan(0.1); // stopping after a bad loop costs
  expect(await slope(2)).toBeLessThan(-0.01); // going on to a bad loop costs
});
