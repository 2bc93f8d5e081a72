// Kernels whose result has a shape that depends on values: no graph of fixed shapes can hold them, so TensorFlow.js's reference runs them.
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { hostData, makeData, type TypedArray, type Value } from '../../graph/graph.ts';
import { BACKEND, type OnnxBackend, TraceRandomError } from '../backend.ts';
import { UnsupportedKernelError } from './kernel.ts';

/** Kernels whose result has a shape that depends on values. */
const VALUE_SHAPED = [
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'SparseFillEmptyRows',
  'SparseReshape',
  'SparseSegmentMean',
  'SparseSegmentSum',
  'Unique',
];

/** Random: possible on values at hand, never inside a compiled function, where the draw would stay fixed. */
const RANDOM = ['Multinomial'];

/** The elements of a value if it is not still to be computed. */
function known(name: string, key: string, value: Value, backend: OnnxBackend): TypedArray {
  if (value.def.kind === 'data') return hostData(value.def.host);
  const constant = backend.lazy.constant(value);
  if (constant) return constant;
  const cure =
    backend.tracing === null ? `await its data() first` : `call it outside '${backend.tracing}' and pass the result in`;
  throw new UnsupportedKernelError(
    name,
    `its result depends on the values of '${key}' in ways a graph cannot hold, and they are not computed yet (${cure})`,
  );
}

function onHost(name: string): void {
  tf.registerKernel({
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const onnx = backend as OnnxBackend;
      if (RANDOM.includes(name) && onnx.tracing !== null) {
        throw new TraceRandomError(
          `tf.${name.toLowerCase()} inside compiled function '${onnx.tracing}' would be drawn once and then stay fixed; draw it outside and pass it in as an argument`,
        );
      }
      const reference = tf.getKernel(name, 'cpu');
      const cpu = new MathBackendCPU();
      const lend = (key: string, info: tf.TensorInfo): tf.TensorInfo => {
        if (info.dtype === 'string' || info.dtype === 'complex64')
          throw new UnsupportedKernelError(name, `${info.dtype} tensors`);
        const values = known(name, key, onnx.valueBehind(info.dataId), onnx);
        return cpu.makeTensorInfo(info.shape, info.dtype, values as Float32Array);
      };
      // some kernels take lists of tensors
      const lent = Object.entries(inputs as Record<string, tf.TensorInfo | tf.TensorInfo[]>).map(([key, info]) => [
        key,
        Array.isArray(info) ? info.map((one) => lend(key, one)) : lend(key, info),
      ]);
      const out = reference.kernelFunc({ inputs: Object.fromEntries(lent), attrs: attrs ?? {}, backend: cpu });
      const take = (info: tf.TensorInfo): tf.TensorInfo => {
        const values = cpu.readSync(info.dataId) as TypedArray;
        return onnx.tensorInfo(makeData(values, info.shape, info.dtype as Value['dtype']));
      };
      return Array.isArray(out) ? out.map(take) : take(out);
    },
  });
}

/** Every kernel that runs outside the graph. */
export const ON_HOST: readonly string[] = [...VALUE_SHAPED, ...RANDOM];

/** Registers the kernels that run outside the graph. */
export function registerHost(): void {
  for (const name of ON_HOST) onHost(name);
}
