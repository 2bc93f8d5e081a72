// Registers backend `onnx` with TensorFlow.js.
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from '../ops/gradients.ts';
import { BACKEND, OnnxBackend } from './backend.ts';
import { registerKernels } from './kernels/registerKernels.ts';

let registered = false;

/** Makes `tf.setBackend('onnx')` possible. Safe to call twice. */
export function registerOnnxBackend(): void {
  if (registered) return;
  registered = true;
  tf.registerBackend(BACKEND, () => new OnnxBackend(), 0);
  registerKernels();
  registerGradients();
}
