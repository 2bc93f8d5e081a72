// Algebra: each rule on the expression it is for, and random graphs.
import { expect, it } from 'vitest';
import { add, binary, i64, mul, op, scalar, splat, sub, unary } from '../build.ts';
import { collect, makeInput, type Value } from '../graph.ts';
import { algebra } from './algebra.ts';
import { keepsMeaning } from './randomGraph.ts';

const x = makeInput({ shape: [2, 3], dtype: 'float32' });
const y = makeInput({ shape: [2, 3], dtype: 'float32' });
const row = makeInput({ shape: [3], dtype: 'float32' });

/** The operators left, in order. */
function ops(v: Value): string[] {
  return algebra(collect([x, y, row], [v])).nodes.map((n) => n.op);
}

it.each([
  ['x + 0', add(x, scalar(0)), []],
  ['0 + x', add(scalar(0), x), []],
  ['x - 0', sub(x, scalar(0)), []],
  ['0 - x', sub(scalar(0), x), ['Neg']],
  ['x * 1', mul(x, splat(1, [2, 3], 'float32')), []],
  ['x * -1', mul(x, scalar(-1)), ['Neg']],
  ['x / 4 is a product', binary('Div', x, scalar(4)), ['Mul']],
  ['x / 3 stays', binary('Div', x, scalar(3)), ['Div']],
  ['x ^ 2', binary('Pow', x, scalar(2)), ['Mul']],
  ['-(-x)', unary('Neg', unary('Neg', x)), []],
  ['x + -y', add(x, unary('Neg', y)), ['Sub']],
  ['x - -y', sub(x, unary('Neg', y)), ['Add']],
  ['2 * (x * 3)', mul(scalar(2), mul(x, scalar(3))), ['Mul']],
  ['x * 0 keeps NaN', mul(x, scalar(0)), ['Mul']],
  ['row + 0 broadcast keeps its shape', add(row, splat(0, [2, 3], 'float32')), ['Add']],
  ['row repeated by ones', mul(row, splat(1, [2, 3], 'float32')), ['Expand']],
  ['repeated row in a sum', add(x, op('Expand', [row, i64([2, 3])], { shape: [2, 3], dtype: 'float32' })), ['Add']],
] as [string, Value, string[]][])('%s', (_, v, want) => {
  expect(ops(v)).toEqual(want);
});

it('keeps what random graphs compute', () => keepsMeaning(algebra));
