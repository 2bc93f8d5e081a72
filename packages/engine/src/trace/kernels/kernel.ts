// How a TensorFlow.js kernel is lowered: a pure function from graph values and attributes to graph values.
import * as tf from '@tensorflow/tfjs-core';
import type { Value } from '../../graph/graph.ts';
import { BACKEND, type OnnxBackend } from '../backend.ts';

export type Inputs = Readonly<Record<string, Value>>;
// biome-ignore lint/suspicious/noExplicitAny: tfjs types kernel attributes loosely; each kernel names the attributes it reads.
export type KernelAttrs = Readonly<Record<string, any>>;
export type Lowering = (inputs: Inputs, attrs: KernelAttrs) => Value | readonly Value[];

/** Thrown for a kernel, type or attribute that has no ONNX form. */
export class UnsupportedKernelError extends Error {
  override readonly name = 'UnsupportedKernelError';
  constructor(kernel: string, why: string) {
    super(
      `backend 'onnx' cannot run ${kernel}: ${why}; run this part on an eager backend: useDevice({ kind: 'cpu' }) or { kind: 'tensorflow' }`,
    );
  }
}

/** Registers the lowering of one tfjs kernel. Array inputs (Concat, AddN) arrive under the keys '0', '1', … */
export function kernel(name: string, lower: Lowering): void {
  tf.registerKernel({
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const onnx = backend as OnnxBackend;
      const values: Record<string, Value> = {};
      const given = new Map<Value, tf.TensorInfo>();
      for (const [k, info] of Object.entries(inputs as Record<string, tf.TensorInfo | undefined>)) {
        if (info === undefined || info === null) continue;
        if (info.dtype === 'string' || info.dtype === 'complex64')
          throw new UnsupportedKernelError(name, `${info.dtype} tensors`);
        const value = onnx.valueBehind(info.dataId);
        values[k] = value;
        given.set(value, info);
      }
      const give = (v: Value): tf.TensorInfo => {
        const info = given.get(v);
        if (!info) return onnx.tensorInfo(v);
        // what comes out unchanged shares its memory, as tfjs expects of a clone
        onnx.incRef(info.dataId);
        return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
      };
      const out = lower(values, (attrs ?? {}) as KernelAttrs);
      return Array.isArray(out) ? out.map(give) : give(out as Value);
    },
  });
}

/** One input, which the kernel cannot do without. */
export function input(inputs: Inputs, key: string): Value {
  const v = inputs[key];
  if (!v) throw new Error(`kernel input '${key}' is missing`);
  return v;
}

/** Axes as non-negative numbers; null or undefined means all of them. */
export function normalAxes(axis: number | readonly number[] | null | undefined, rank: number): number[] {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = typeof axis === 'number' ? [axis] : axis;
  return list.map((a) => (a < 0 ? a + rank : a));
}
