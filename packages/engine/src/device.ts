// Devices: which backend computes, and how to choose it.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensorflow } from './eager/loadTensorflow.ts';
import { matMul } from './graph/build.ts';
import { collect, makeInput } from './graph/graph.ts';
import { type ExecutionProvider, load } from './run/program.ts';
import { changeSettings, currentSettings } from './run/settings.ts';
import { registerOnnxBackend } from './trace/register.ts';

export interface DeviceOptions {
  /** `onnx`: compiled, ONNX Runtime; `cpu`: TensorFlow.js's reference; `tensorflow`: libtensorflow through tfjs-node-gpu. */
  readonly kind: 'onnx' | 'cpu' | 'tensorflow';
  /** Threads of one operation; for `tensorflow` it counts at the first use only, for `cpu` not at all. */
  readonly threads?: number;
  /** Execution provider of ONNX Runtime (onnx only): `cpu` (default), `webgpu`, or `cuda` where it was installed. */
  readonly provider?: ExecutionProvider;
  /** Idle threads spin instead of sleeping (onnx only, default true): faster alone, harmful when several runs share a machine. */
  readonly spinning?: boolean;
}

/** Thrown for a device that does not work here. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** Makes `device` the TensorFlow.js backend of this process. */
export async function useDevice(device: DeviceOptions): Promise<void> {
  if (device.kind === 'onnx') {
    registerOnnxBackend();
    const { threads, provider = 'cpu', spinning = true } = device;
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
      throw new DeviceError(`threads must be a whole number >= 1 (got ${threads})`);
    }
    if (provider !== 'cpu') await tryProvider(provider);
    changeSettings({ provider, spinning, ...(threads === undefined ? {} : { threads }) });
  }
  if (device.kind === 'tensorflow')
    await loadTensorflow(device.threads === undefined ? {} : { threads: device.threads });
  await tf.setBackend(device.kind);
  await tf.ready();
  // The reference backend greets every user with an advertisement on its first kernel.
  if (device.kind === 'cpu') (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
}

/** A product of two matrices, so that a missing driver is said now and by name. */
async function tryProvider(provider: ExecutionProvider): Promise<void> {
  const x = makeInput({ shape: [2, 2], dtype: 'float32' });
  try {
    const program = await load(collect([x], [matMul(x, x)]), { ...currentSettings(), provider });
    await program.run([new Float32Array(4)]);
    await program.release();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `execution provider '${provider}' does not work here (${why}); looplab doctor says what it needs`,
      { cause },
    );
  }
}

/** A tensor over typed data, float32 or int32 by the type of `data`. */
export function tensor(data: Float32Array | Int32Array, shape: readonly number[]): tf.Tensor {
  return tf.tensor(data, shape as number[], data instanceof Float32Array ? 'float32' : 'int32');
}

/** The values of a tensor, computed now if they were not yet. */
export async function toArray(t: tf.Tensor): Promise<Float32Array | Int32Array | Uint8Array> {
  return t.data();
}
