// Devices: which backend computes, and how to choose it.
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadTensorflow } from './eager/loadTensorflow.ts';
import { changeSettings } from './run/settings.ts';
import { registerOnnxBackend } from './trace/register.ts';

export interface DeviceOptions {
  /** `onnx`: compiled, ONNX Runtime; `cpu`: TensorFlow.js's reference; `tensorflow`: libtensorflow through tfjs-node-gpu. */
  readonly kind: 'onnx' | 'cpu' | 'tensorflow';
  /** Threads of one operation; for `tensorflow` it counts at the first use only, for `cpu` not at all. */
  readonly threads?: number;
}

/** Makes `device` the TensorFlow.js backend of this process. */
export async function useDevice(device: DeviceOptions): Promise<void> {
  if (device.kind === 'onnx') {
    registerOnnxBackend();
    if (device.threads !== undefined) changeSettings({ threads: device.threads });
  }
  if (device.kind === 'tensorflow') await loadTensorflow(device.threads === undefined ? {} : { threads: device.threads });
  await tf.setBackend(device.kind);
  await tf.ready();
  // The reference backend greets every user with an advertisement on its first kernel.
  if (device.kind === 'cpu') (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
}

/** A tensor over typed data, float32 or int32 by the type of `data`. */
export function tensor(data: Float32Array | Int32Array, shape: readonly number[]): tf.Tensor {
  return tf.tensor(data, shape as number[], data instanceof Float32Array ? 'float32' : 'int32');
}

/** The values of a tensor, computed now if they were not yet. */
export async function toArray(t: tf.Tensor): Promise<Float32Array | Int32Array | Uint8Array> {
  return t.data();
}
