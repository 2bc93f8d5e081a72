// Scheduling: weight gradients of a long backward chain are computed early enough that its activations die.
import { expect, it } from 'vitest';
import { add, gemm, mul, unary } from '../build.ts';
import { collect, type Graph, makeInput, type Value } from '../graph.ts';
import { peakBytes, runningOrder } from '../memory.ts';
import { keepsMeaning } from './randomGraph.ts';
import { schedule } from './schedule.ts';

/** A chain of layers whose backward pass needs no stored activations, with a weight gradient at each step. */
function chain(layers: number): Graph {
  const x = makeInput({ shape: [256, 64], dtype: 'float32' });
  const w = makeInput({ shape: [64, 64], dtype: 'float32' });
  let dy: Value = x;
  let dw: Value | undefined;
  for (let i = 0; i < layers; i++) {
    for (let j = 0; j < 25; j++) dy = unary('Tanh', mul(dy, dy));
    const product = gemm(dy, x, { transA: true });
    dw = dw ? add(dw, product) : product;
  }
  // the weight gradients are needed at the very end only
  let later: Value = dy;
  for (let j = 0; j < 50; j++) later = unary('Cos', later);
  return collect([x, w], [later, mul(dw as Value, w)]);
}

it('brings the peak down to that of the natural order', () => {
  const graph = chain(40);
  const after = schedule(graph);
  const before = peakBytes(graph, runningOrder(graph));
  expect(before).toBeGreaterThan(2 * peakBytes(graph, graph.nodes));
  expect(peakBytes(after, runningOrder(after))).toBeLessThan(0.7 * before);
});

it('leaves a graph alone that gains nothing', () => {
  const x = makeInput({ shape: [256, 64], dtype: 'float32' });
  const graph = collect([x], [unary('Tanh', x)]);
  expect(schedule(graph)).toBe(graph);
});

it('keeps what random graphs compute', () => keepsMeaning(schedule, { mayGrow: true }));
