// All kernels of backend `onnx`: one file a family, each with a register function.
import { registerElementwise } from './elementwise.ts';
import { registerMatmul } from './matmul.ts';
import { registerReduction } from './reduction.ts';
import { registerShape } from './shape.ts';

/** Registers every kernel with TensorFlow.js, once. */
export function registerKernels(): void {
  registerElementwise();
  registerMatmul();
  registerReduction();
  registerShape();
}
