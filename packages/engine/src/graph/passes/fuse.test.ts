// Fusion: each pattern becomes one operator, and only when nobody else needs the inside.
import { expect, it } from 'vitest';
import { add, gemm, mul, reduce, scalar, unary } from '../build.ts';
import { collect, makeInput, type Value } from '../graph.ts';
import { fuse } from './fuse.ts';
import { keepsMeaning } from './randomGraph.ts';

const x = makeInput({ shape: [4, 3], dtype: 'float32' });
const w = makeInput({ shape: [3, 3], dtype: 'float32' });
const after = (...outputs: Value[]) => fuse(collect([x, w], outputs)).nodes;

it('x sigmoid(x) and x sigmoid(c x) are QuickGelu', () => {
  expect(after(mul(x, unary('Sigmoid', x)))).toMatchObject([{ op: 'QuickGelu', attrs: { alpha: { float: 1 } } }]);
  expect(after(mul(unary('Sigmoid', mul(x, scalar(1.5))), x))).toMatchObject([
    { op: 'QuickGelu', attrs: { alpha: { float: 1.5 } } },
  ]);
});

it('x / rms(x) is one normalisation', () => {
  const mean = reduce('ReduceMean', mul(x, x), [1], true);
  const y = mul(x, unary('Reciprocal', unary('Sqrt', add(mean, scalar(1e-6)))));
  expect(after(y).map((n) => n.op)).toEqual(['SimplifiedLayerNormalization']);
});

it('a factor goes into a product, unless the product is needed without it', () => {
  const p = gemm(x, w);
  expect(after(mul(p, scalar(0.5)))).toMatchObject([{ op: 'Gemm', attrs: { alpha: { float: 0.5 } } }]);
  const q = gemm(x, w);
  expect(after(mul(q, scalar(0.5)), q).map((n) => n.op)).toEqual(['Gemm', 'Mul']);
});

it('keeps what random graphs compute', () => keepsMeaning(fuse));
