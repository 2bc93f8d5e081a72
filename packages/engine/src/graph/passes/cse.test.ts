// Common subexpression elimination: equal nodes become one, on random graphs nothing else changes.
import { expect, it } from 'vitest';
import { add, mul, scalar, unary } from '../build.ts';
import { collect, makeInput } from '../graph.ts';
import { printGraph } from '../print.ts';
import { cse } from './cse.ts';
import { keepsMeaning } from './randomGraph.ts';

it('computes a repeated expression once, constants compared by content', () => {
  const x = makeInput({ shape: [2], dtype: 'float32' });
  const term = () => unary('Exp', mul(x, scalar(3)));
  const graph = cse(collect([x], [add(term(), term())]));
  expect(printGraph(graph)).toBe(
    [
      'inputs: input0:f32[2]',
      '%1 f32[2] = Mul(input0:f32[2], f32[]{3})',
      '%2 f32[2] = Exp(%1)',
      '%3 f32[2] = Add(%2, %2)',
      'outputs: %3',
    ].join('\n'),
  );
});

it('keeps nodes apart that differ in an attribute or a constant', () => {
  const x = makeInput({ shape: [2], dtype: 'float32' });
  const graph = collect(
    [x],
    [
      add(unary('QuickGelu', x, { alpha: { float: 1 } }), unary('QuickGelu', x, { alpha: { float: 2 } })),
      mul(x, scalar(1)),
      mul(x, scalar(2)),
    ],
  );
  expect(cse(graph).nodes).toHaveLength(graph.nodes.length);
});

it('keeps what random graphs compute', () => keepsMeaning(cse));
