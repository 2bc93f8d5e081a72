// Reshape merging: reshapes cancel around element-wise work, and random graphs keep their meaning.
import { expect, it } from 'vitest';
import { add, gemm, mul, reduce, reshape, unary } from '../build.ts';
import { collect, makeInput, type Value } from '../graph.ts';
import { keepsMeaning } from './randomGraph.ts';
import { reshapes } from './reshapes.ts';

const rows = makeInput({ shape: [6, 4], dtype: 'float32' });
const w = makeInput({ shape: [4, 4], dtype: 'float32' });
const b = makeInput({ shape: [4], dtype: 'float32' });

function ops(v: Value): string[] {
  let g = collect([rows, w, b], [v]);
  for (let i = 0; i < 3; i++) g = reshapes(g);
  return g.nodes.map((n) => n.op);
}

it('a linear layer on [2, 3, 4] between element-wise work needs no reshape', () => {
  const x = reshape(rows, [2, 3, 4]);
  const y = reshape(gemm(reshape(unary('Tanh', x), [6, 4]), w), [2, 3, 4]);
  expect(ops(reshape(mul(add(y, b), x), [6, 4]))).toEqual(['Tanh', 'Gemm', 'Add', 'Mul']);
});

it('a mean over the last axis works on rows', () => {
  const x = reshape(rows, [2, 3, 4]);
  expect(ops(reshape(mul(x, reduce('ReduceMean', x, [2], true)), [6, 4]))).toEqual(['ReduceMean', 'Mul']);
});

it('a reduction over another axis does not', () => {
  const x = reshape(rows, [2, 3, 4]);
  expect(ops(reduce('ReduceMean', x, [1], true))).toEqual(['Reshape', 'ReduceMean']);
});

it('keeps what random graphs compute', () => keepsMeaning(reshapes, { mayGrow: true }));
