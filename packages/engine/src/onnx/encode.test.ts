// The bytes of a model: ONNX Runtime loads them and computes what the graph says, whatever its outputs are.
import { expect, it } from 'vitest';
import { add, mul, op, ops, scalar, splat, unary } from '../graph/build.ts';
import { collect, type Graph, makeConstant, makeData, makeInput, type TypedArray, type Value } from '../graph/graph.ts';
import { load } from '../run/program.ts';
import { currentSettings } from '../run/settings.ts';

const x = makeInput({ shape: [2], dtype: 'float32' });

async function run(
  outputs: Value[],
  feeds: TypedArray[] = [Float32Array.of(1, 2)],
  inputs: Value[] = [x],
): Promise<number[][]> {
  const program = await load(collect(inputs, outputs), currentSettings());
  const results = await program.run(feeds);
  await program.release();
  return results.map((r) => Array.from(r as Float32Array, Number));
}

it('outputs may be inputs, constants, or one value twice', async () => {
  const y = add(x, scalar(1));
  expect(await run([x, y, y, splat(3, [2], 'float32'), scalar(4)])).toEqual([[1, 2], [2, 3], [2, 3], [3, 3], [4]]);
});

it('existing tensors become initialisers', async () => {
  expect(await run([mul(x, makeData(Float32Array.of(10, 20), [2], 'float32'))])).toEqual([[10, 40]]);
});

it('keeps the four types apart, and empty and rank-0 shapes', async () => {
  const ints = makeConstant(Int32Array.of(-5, 7), [2], 'int32');
  const bools = unary('Cast', x, { to: 9 }, 'bool');
  const none = makeConstant(new Float32Array(0), [0, 3], 'float32');
  expect(await run([unary('Neg', ints), bools, unary('Neg', none), unary('Neg', scalar(2.5))])).toEqual([
    [5, -7],
    [1, 1],
    [],
    [-2.5],
  ]);
});

it('tells the float 1 from the integer 1 in attributes', async () => {
  const [y] = await run([unary('QuickGelu', x, { alpha: { float: 1 } })]);
  expect(y?.[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
});

it('names outputs that nobody reads nothing', async () => {
  const sig = { shape: [2], dtype: 'float32' as const };
  const [, second] = ops(
    'TopK',
    [x, makeConstant(BigInt64Array.of(2n), [1], 'int64')],
    [sig, { shape: [2], dtype: 'int64' }],
  ) as [Value, Value];
  expect(await run([unary('Cast', second, { to: 1 }, 'float32')])).toEqual([[1, 0]]);
});

it('reproduces its bytes', async () => {
  const { encode } = await import('./encode.ts');
  const graph = (): Graph => collect([x], [add(x, scalar(1))]);
  expect(Buffer.from(encode(graph()).bytes).equals(Buffer.from(encode(graph()).bytes))).toBe(true);
});

it('passes on what ONNX Runtime says about an operator it does not know', async () => {
  await expect(run([op('NoSuchOp', [x], x)])).rejects.toThrow('NoSuchOp');
});
