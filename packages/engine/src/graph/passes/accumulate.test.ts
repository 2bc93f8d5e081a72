// Accumulation: sums of products become a chain of Gemm, each adding into the last.
import { expect, it } from 'vitest';
import { add, gemm, unary } from '../build.ts';
import { collect, makeInput } from '../graph.ts';
import { accumulate } from './accumulate.ts';
import { keepsMeaning } from './randomGraph.ts';

it('the gradient of a weight used in four loops takes four products and no addition', () => {
  const xs = [1, 2, 3, 4].map(() => makeInput({ shape: [8, 3], dtype: 'float32' }));
  const grads = xs.map((x) => gemm(x, x, { transA: true }));
  const graph = accumulate(collect(xs, [grads.reduce((a, b) => add(a, b))]));
  expect(graph.nodes.map((n) => [n.op, n.inputs.length])).toEqual([
    ['Gemm', 2],
    ['Gemm', 3],
    ['Gemm', 3],
    ['Gemm', 3],
  ]);
});

it('a product that is needed by itself stays', () => {
  const x = makeInput({ shape: [3, 3], dtype: 'float32' });
  const p = gemm(x, x);
  expect(
    accumulate(collect([x], [add(p, x), unary('Exp', p)]))
      .nodes.map((n) => n.op)
      .sort(),
  ).toEqual(['Add', 'Exp', 'Gemm']);
});

it('keeps what random graphs compute', () => keepsMeaning(accumulate));
