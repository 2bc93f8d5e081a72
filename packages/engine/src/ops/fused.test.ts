// The fused operations on backend `onnx` against their composites on tfjs cpu: values and gradients, one tolerance.
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import {
  causalAttention,
  compile,
  crossEntropy,
  embedding,
  linear,
  MASKED,
  rmsNorm,
  ropeTables,
  rotary,
  swiglu,
  useDevice,
  valueAndGrad,
} from '../index.ts';

/** Deterministic numbers in [-1, 1), different for each seed. */
function numbers(n: number, seed: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => (Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1);
}
const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

interface Case {
  readonly name: string;
  readonly shapes: Record<string, number[]>;
  readonly run: (p: Record<string, tf.Tensor>) => tf.Tensor;
}

const ids = (shape: number[], below: number): tf.Tensor =>
  tf.tensor(
    Int32Array.from({ length: size(shape) }, (_, i) => (i * 7 + 3) % below),
    shape,
    'int32',
  );
const p = (params: Record<string, tf.Tensor>, k: string): tf.Tensor => params[k] as tf.Tensor;

const B = 2;
const S = 5;
const D = 8;
const cases: Case[] = [
  { name: 'rmsNorm with weight', shapes: { x: [B, S, D], w: [D] }, run: (q) => rmsNorm(p(q, 'x'), p(q, 'w'), 1e-6) },
  { name: 'rmsNorm without weight', shapes: { x: [B, S, D] }, run: (q) => rmsNorm(p(q, 'x'), null, 1e-6) },
  {
    name: 'rotary',
    shapes: { x: [B, S, D] },
    run: (q) => {
      const t = ropeTables(S, D / 2, 10000, 3);
      return rotary(p(q, 'x'), t.cos, t.sin, 2);
    },
  },
  {
    name: 'causalAttention',
    shapes: { q: [B, S, D], k: [B, S, D], v: [B, S, D] },
    run: (q) => causalAttention(p(q, 'q'), p(q, 'k'), p(q, 'v'), { heads: 2 }),
  },
  {
    name: 'causalAttention with a KV prefix and a key mask',
    shapes: { q: [B, S, D], k: [B, S + 2, D], v: [B, S + 2, D] },
    run: (q) => {
      const keyMask = tf.tensor(
        Float32Array.from({ length: B * (S + 2) }, (_, i) => (i === 1 || i === 9 ? 0 : 1)),
        [B, S + 2],
      );
      return causalAttention(p(q, 'q'), p(q, 'k'), p(q, 'v'), { heads: 4, keyMask, scale: 0.3 });
    },
  },
  {
    name: 'causalAttention of one query',
    shapes: { q: [B, 1, D], k: [B, S, D], v: [B, S, D] },
    run: (q) => causalAttention(p(q, 'q'), p(q, 'k'), p(q, 'v'), { heads: 2 }),
  },
  {
    name: 'causalAttention with a bias made in the graph',
    shapes: { q: [B, S, D], k: [B, 2 * S, D], v: [B, 2 * S, D] },
    run: (q) => {
      const at = tf.range(0, S);
      const ago = tf.sub(tf.reshape(at, [S, 1]), tf.reshape(tf.concat([at, at]), [1, 2 * S]));
      const seen = tf.logicalAnd(tf.greaterEqual(ago, 0), tf.less(ago, 3));
      const bias = tf.mul(tf.sub(1, tf.cast(seen, 'float32')), MASKED);
      return causalAttention(p(q, 'q'), p(q, 'k'), p(q, 'v'), { heads: 2, bias });
    },
  },
  { name: 'swiglu', shapes: { g: [B, S, D], u: [B, S, D] }, run: (q) => swiglu(p(q, 'g'), p(q, 'u')) },
  { name: 'linear', shapes: { x: [B, S, D], w: [3, D], b: [3] }, run: (q) => linear(p(q, 'x'), p(q, 'w'), p(q, 'b')) },
  { name: 'embedding', shapes: { t: [7, D] }, run: (q) => embedding(p(q, 't'), ids([B, S], 7)) },
  { name: 'embedding of a large table', shapes: { t: [1500, 4] }, run: (q) => embedding(p(q, 't'), ids([B, S], 1500)) },
  { name: 'crossEntropy', shapes: { l: [B, S, 6] }, run: (q) => crossEntropy(p(q, 'l'), ids([B, S], 6)) },
  {
    name: 'crossEntropy with weights',
    shapes: { l: [B, S, 6] },
    run: (q) => crossEntropy(p(q, 'l'), ids([B, S], 6), tf.tensor(numbers(B * S, 9), [B, S])),
  },
];

/** Values and gradients of sum(cos(y) * weights), so that every element of dy differs. */
async function evaluate(c: Case, backend: 'cpu' | 'onnx', compiled: boolean): Promise<Record<string, Float32Array>> {
  await useDevice({ kind: backend });
  const params = Object.fromEntries(
    Object.entries(c.shapes).map(([k, shape], i) => [k, tf.tensor(numbers(size(shape), i + 1), shape)]),
  );
  const step = (q: Record<string, tf.Tensor>) => {
    const f = valueAndGrad(
      (r: Record<string, tf.Tensor>) => {
        const y = c.run(r);
        return [tf.sum(tf.mul(tf.cos(y), tf.tensor(numbers(y.size, 17), y.shape))), y] as const;
      },
      { hasAux: true },
    );
    const { value, grads, aux } = f(q);
    return { value, y: aux, ...Object.fromEntries(Object.entries(grads).map(([k, g]) => [`d${k}`, g])) };
  };
  const out = compiled ? await compile(step)(params) : step(params);
  const read: Record<string, Float32Array> = {};
  for (const [k, t] of Object.entries(out)) read[k] = (await (t as tf.Tensor).data()) as Float32Array;
  return read;
}

/** Largest difference over the largest size: the 1e-5 of the engine's accuracy goal. */
function difference(a: Float32Array, b: Float32Array): number {
  const scale = Math.max(1e-3, ...Array.from(b, Math.abs));
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] as number)))) / scale;
}

describe.each(cases)('$name', (c) => {
  it.each([
    ['compiled', true],
    ['lazy', false],
  ] as const)('%s: equals the composite on cpu within 1e-5', async (_, compiled) => {
    const want = await evaluate(c, 'cpu', false);
    const got = await evaluate(c, 'onnx', compiled);
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
    for (const k of Object.keys(want)) {
      expect(got[k]?.length, k).toBe(want[k]?.length);
      expect(difference(got[k] as Float32Array, want[k] as Float32Array), k).toBeLessThan(1e-5);
    }
  });

  it('has the gradient that finite differences give', async () => {
    await useDevice({ kind: 'onnx' });
    const names = Object.keys(c.shapes);
    const base = names.map((k, i) => numbers(size(c.shapes[k] as number[]), i + 1));
    const f = compile((q: Record<string, tf.Tensor>) =>
      tf.sum(tf.mul(c.run(q), tf.tensor(numbers(c.run(q).size, 17), c.run(q).shape))),
    );
    const at = async (data: Float32Array[]): Promise<number> => {
      const params = Object.fromEntries(
        names.map((k, i) => [k, tf.tensor(data[i] as Float32Array, c.shapes[k] as number[])]),
      );
      return (await (await f(params)).data())[0] as number;
    };
    const params = Object.fromEntries(
      names.map((k, i) => [k, tf.tensor(base[i] as Float32Array, c.shapes[k] as number[])]),
    );
    const { grads } = valueAndGrad((q: Record<string, tf.Tensor>) =>
      tf.sum(tf.mul(c.run(q), tf.tensor(numbers(c.run(q).size, 17), c.run(q).shape))),
    )(params);
    const h = 1e-2; // float32: rounding of the sum (~1e-6) over 2h stays below the tolerance
    for (const [i, k] of names.entries()) {
      const g = (await (grads[k] as tf.Tensor).data()) as Float32Array;
      for (const j of [0, Math.floor(g.length / 2), g.length - 1]) {
        const moved = (sign: number) =>
          base.map((d, n) => (n === i ? d.map((x, m) => (m === j ? x + sign * h : x)) : d));
        const slope = ((await at(moved(1))) - (await at(moved(-1)))) / (2 * h);
        expect(Math.abs(slope - (g[j] as number)), `${k}[${j}]`).toBeLessThan(5e-3 * Math.max(1, Math.abs(slope)));
      }
    }
  });
});

afterAll(() => {
  tf.setBackend('cpu');
});

describe('a bias in place of the causal rule', () => {
  const draw = (n: number, seed: number) => tf.tensor(numbers(B * n * D, seed), [B, n, D]);

  it('lets keys stand in any order: the same keys reversed give the same result (1e-6)', async () => {
    await useDevice({ kind: 'cpu' });
    const [q, k, v] = [draw(S, 1), draw(S, 2), draw(S, 3)];
    const backwards = new Float32Array(S * S);
    for (let i = 0; i < S; i++) for (let j = 0; j < S; j++) backwards[i * S + j] = S - 1 - j <= i ? 0 : MASKED;
    const got = causalAttention(q, tf.reverse(k, 1), tf.reverse(v, 1), {
      heads: 2,
      bias: tf.tensor(backwards, [S, S]),
    });
    const want = await causalAttention(q, k, v, { heads: 2 }).data();
    expect(difference((await got.data()) as Float32Array, want as Float32Array)).toBeLessThan(1e-6);
  });

  it('must say of every query and key whether they meet', () => {
    expect(() => causalAttention(draw(S, 1), draw(S, 2), draw(S, 3), { heads: 2, bias: tf.zeros([S, S + 1]) })).toThrow(
      'causalAttention: bias must be [5, 5], with or without a batch (got [5,6])',
    );
  });
});
