// Transpose merging: chains collapse, products take flags, random graphs keep their meaning.
import { expect, it } from 'vitest';
import { gemm, matMul, transpose } from '../build.ts';
import { collect, makeInput, type Value } from '../graph.ts';
import { keepsMeaning } from './randomGraph.ts';
import { transposes } from './transposes.ts';

const a = makeInput({ shape: [2, 3, 4], dtype: 'float32' });
const m = makeInput({ shape: [3, 4], dtype: 'float32' });

const after = (v: Value) => transposes(collect([a, m], [v])).nodes;

it('two transposes that undo each other vanish', () => {
  expect(after(transpose(transpose(a, [1, 2, 0]), [2, 0, 1]))).toEqual([]);
});

it('a transpose that moves only an axis of length one is a reshape', () => {
  const x = makeInput({ shape: [1, 5], dtype: 'float32' });
  expect(transposes(collect([x], [transpose(x, [1, 0])])).nodes.map((n) => n.op)).toEqual(['Reshape']);
});

it('products absorb the transpose of their last two axes', () => {
  const [product] = after(matMul(a, transpose(a, [0, 2, 1])));
  expect(product).toMatchObject({ op: 'FusedMatMul', attrs: { transA: 0, transB: 1 } });
  const [square] = after(gemm(transpose(m, [1, 0]), transpose(m, [1, 0]), { transB: true }));
  expect(square).toMatchObject({ op: 'Gemm', attrs: { transA: 1, transB: 0 } });
});

it('keeps what random graphs compute', () => keepsMeaning(transposes));
