// Test support: random graphs, and the property that a pass keeps what they compute.
import fc from 'fast-check';
import { expect } from 'vitest';
import { load } from '../../run/program.ts';
import { currentSettings } from '../../run/settings.ts';
import {
  add,
  binary,
  broadcastShape,
  gemm,
  i64,
  matMul,
  mul,
  op,
  ops,
  reduce,
  reshape,
  scalar,
  splat,
  sub,
  transpose,
  unary,
} from '../build.ts';
import { collect, type Graph, makeConstant, makeInput, size, type Value } from '../graph.ts';
import type { Pass } from '../optimize.ts';

/** One random choice: which operator, on which of the values made so far, with which parameter. */
type Choice = readonly [kind: number, a: number, b: number, parameter: number];

const CONSTANTS = [0, 1, -1, 2, 0.5, 0.3];

function step(values: Value[], [kind, a, b, parameter]: Choice): Value | undefined {
  const x = values[a % values.length] as Value;
  const y = values[b % values.length] as Value;
  const rank = x.shape.length;
  const k = CONSTANTS[parameter % CONSTANTS.length] as number;
  const fits = (s: readonly number[], t: readonly number[]): boolean => {
    try {
      return size(broadcastShape(s, t)) <= 256;
    } catch {
      return false;
    }
  };
  switch (kind % 22) {
    case 0:
      return fits(x.shape, y.shape)
        ? binary((['Add', 'Sub', 'Mul', 'Max'] as const)[parameter % 4] as string, x, y)
        : undefined;
    case 1:
      return unary((['Neg', 'Tanh', 'Sigmoid', 'Abs', 'Cos'] as const)[parameter % 5] as string, x);
    case 2:
      return binary((['Add', 'Sub', 'Mul'] as const)[b % 3] as string, x, scalar(k));
    case 3:
      return binary((['Add', 'Sub', 'Mul'] as const)[b % 3] as string, scalar(k), x);
    case 4:
      return mul(x, splat(k, x.shape, 'float32'));
    case 5:
      return k === 0 ? undefined : binary('Div', x, scalar(k));
    case 6:
      return rank >= 2 ? reshape(x, [size(x.shape.slice(0, -1)), x.shape[rank - 1] as number]) : undefined;
    case 7: {
      const n = x.shape[0];
      return rank === 2 && n !== undefined && n % 2 === 0 ? reshape(x, [2, n / 2, x.shape[1] as number]) : undefined;
    }
    case 8:
      return rank >= 2
        ? transpose(x, parameter % 2 ? [...x.shape.keys()].reverse() : [...Array(rank - 2).keys(), rank - 1, rank - 2])
        : undefined;
    case 9: {
      const transA = parameter % 2 === 1;
      const transB = parameter % 4 > 1;
      if (rank < 2 || y.shape.length < 2 || !fits(x.shape.slice(0, -2), y.shape.slice(0, -2))) return undefined;
      const inner = x.shape[transA ? rank - 2 : rank - 1];
      return inner === y.shape[y.shape.length - (transB ? 1 : 2)]
        ? matMul(x, y, { transA, transB, alpha: k || 1 })
        : undefined;
    }
    case 10:
      return rank > 0
        ? reduce(parameter % 2 ? 'ReduceSum' : 'ReduceMean', x, [b % rank], parameter % 4 > 1)
        : undefined;
    case 11:
      return mul(x, unary('Sigmoid', parameter % 2 ? x : mul(x, scalar(k))));
    case 12: {
      if (rank === 0) return undefined;
      const mean = reduce('ReduceMean', mul(x, x), [rank - 1], true);
      return mul(x, unary('Reciprocal', unary('Sqrt', add(mean, scalar(1e-3)))));
    }
    case 13:
      return rank > 0 ? unary(parameter % 2 ? 'Softmax' : 'LogSoftmax', x, { axis: rank - 1 }) : undefined;
    case 14: {
      if (rank !== 2) return undefined;
      const g = (v: Value): Value => gemm(v, x, { transA: true });
      return add(add(g(x), g(mul(x, scalar(k)))), g(unary('Tanh', x)));
    }
    case 15:
      return fits(x.shape, y.shape) ? add(x, unary('Neg', y)) : undefined;
    case 16: {
      // a product with one or both operands transposed
      if (rank < 2) return undefined;
      const swapped = transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
      const again =
        parameter % 2 ? transpose(unary('Tanh', swapped), [...Array(rank - 2).keys(), rank - 1, rank - 2]) : x;
      return parameter % 4 > 1 ? matMul(swapped, again) : matMul(swapped, swapped, { transB: true });
    }
    case 17:
    case 18: {
      // rows seen as a batch, reduced over one axis and used again
      const n = x.shape[0] as number;
      if (rank !== 2 || n % 2 !== 0) return undefined;
      const seen = reshape(x, [2, n / 2, x.shape[1] as number]);
      return mul(reduce(parameter % 2 ? 'ReduceMean' : 'ReduceSum', unary('Tanh', seen), [b % 3], true), seen);
    }
    case 19: {
      const shape = [3, ...x.shape.slice(-2)];
      if (size(shape) > 256 || rank > 2) return undefined;
      return sub(op('Expand', [x, i64(shape)], { shape, dtype: 'float32' }), splat(k, shape, 'float32'));
    }
    default: {
      if (rank === 0) return undefined;
      const d = x.shape[rank - 1] as number;
      const inv = { shape: [...x.shape.slice(0, -1), 1], dtype: 'float32' as const };
      const one = makeConstant(new Float32Array(d).fill(1), [d], 'float32');
      const attrs = { axis: -1, epsilon: { float: 1e-3 }, stash_type: 1 };
      const [y2, r] = ops('SimplifiedLayerNormalization', [x, one], [x, inv], attrs) as [Value, Value];
      return parameter % 2 ? mul(y2, r) : y2;
    }
  }
}

/** A graph of up to `choices.length` operators on four inputs; its outputs are the last values made. */
function build(choices: readonly Choice[]): Graph {
  const inputs = [[4, 3], [2, 2, 3], [3], [3, 4]].map((shape) => makeInput({ shape, dtype: 'float32' }));
  const values: Value[] = [...inputs];
  for (const c of choices) {
    const v = step(values, c);
    if (v && size(v.shape) <= 256) values.push(v);
  }
  return collect(inputs, values.slice(-3));
}

async function run(graph: Graph): Promise<Float32Array[]> {
  const program = await load(graph, { ...currentSettings(), threads: 1 });
  const feeds = graph.inputs.map((v, i) =>
    Float32Array.from({ length: size(v.shape) }, (_, j) => Math.sin(1 + i * 7 + j * 1.7)),
  );
  const out = (await program.run(feeds)) as Float32Array[];
  await program.release();
  return out;
}

function close(a: Float32Array, b: Float32Array): boolean {
  const scale = Math.max(1, ...Array.from(a, (x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
  return (
    a.length === b.length && a.every((x, i) => Object.is(x, b[i]) || Math.abs(x - (b[i] as number)) <= 2e-4 * scale)
  );
}

/** For random graphs: same shapes, same values, no more nodes than before (`mayGrow` allows for some). */
export async function keepsMeaning(pass: Pass, { runs = 60, mayGrow = false } = {}): Promise<void> {
  const choice = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99));
  await fc.assert(
    fc.asyncProperty(fc.array(choice, { minLength: 2, maxLength: 14 }), async (choices) => {
      const before = build(choices);
      const after = pass(before);
      expect(after.outputs.map((v) => v.shape)).toEqual(before.outputs.map((v) => v.shape));
      if (!mayGrow) expect(after.nodes.length).toBeLessThanOrEqual(before.nodes.length);
      const [x, y] = [await run(before), await run(after)];
      for (const [i, want] of x.entries()) {
        expect(close(want, y[i] as Float32Array), `output ${i}: ${want} became ${y[i]}`).toBe(true);
      }
    }),
    { numRuns: runs, seed: 7 },
  );
}
