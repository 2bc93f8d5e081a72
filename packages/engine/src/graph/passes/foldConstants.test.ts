// Constant folding: constant expressions become constants, by NumPy's broadcasting.
import { expect, it } from 'vitest';
import { add, binary, cast, mul, reshape, scalar, splat, typedArray, unary } from '../build.ts';
import { collect, makeConstant, makeInput, type Value } from '../graph.ts';
import { foldConstants } from './foldConstants.ts';
import { keepsMeaning } from './randomGraph.ts';

const vector = (values: number[], shape = [values.length]) =>
  makeConstant(typedArray(values, 'float32'), shape, 'float32');

function folded(v: Value): number[] {
  const out = foldConstants(collect([], [v])).outputs[0] as Value;
  if (out.def.kind !== 'constant') throw new Error('not folded');
  return Array.from(out.def.data as Float32Array);
}

it('broadcasts', () => {
  expect(folded(add(vector([1, 2, 3, 4, 5, 6], [2, 3]), vector([10, 20, 30])))).toEqual([11, 22, 33, 14, 25, 36]);
  expect(folded(mul(vector([1, 2], [2, 1]), vector([3, 4])))).toEqual([3, 4, 6, 8]);
});

it('keeps equal elements as one number', () => {
  const out = foldConstants(collect([], [mul(splat(3, [5, 5], 'float32'), scalar(2))])).outputs[0] as Value;
  expect(out.def).toMatchObject({ kind: 'constant', splat: true });
  expect(folded(reshape(unary('Neg', splat(2, [4], 'float32')), [2, 2]))).toEqual([-2]);
});

it('truncates in casts to int32 and leaves integer division alone', () => {
  expect(folded(cast(vector([1.9, -1.9]), 'int32'))).toEqual([1, -1]);
  const three = makeConstant(Int32Array.of(3), [], 'int32');
  expect(() => folded(binary('Div', three, three))).toThrow('not folded');
});

it('leaves what depends on an input', () => {
  const x = makeInput({ shape: [2], dtype: 'float32' });
  expect(foldConstants(collect([x], [add(x, scalar(1))])).nodes).toHaveLength(1);
});

it('keeps what random graphs compute', () => keepsMeaning(foldConstants));
