// All kernels of backend `onnx`: one file a family, each with a register function.
import { registerBlocks } from './blocks.ts';
import { registerConvolution } from './convolution.ts';
import { registerCreation } from './creation.ts';
import { registerDilation } from './dilation.ts';
import { registerEinsum } from './einsum.ts';
import { registerElementwise } from './elementwise.ts';
import { registerFused } from './fused.ts';
import { registerHost } from './host.ts';
import { registerImage } from './image.ts';
import { registerIndexing } from './indexing.ts';
import { registerMatmul } from './matmul.ts';
import { registerNormalization } from './normalization.ts';
import { registerPooling } from './pooling.ts';
import { registerReduction } from './reduction.ts';
import { registerRefused } from './refused.ts';
import { registerResize } from './resize.ts';
import { registerScan } from './scan.ts';
import { registerShape } from './shape.ts';
import { registerSorting } from './sorting.ts';
import { registerTransformer } from './transformer.ts';

/** Registers every kernel with TensorFlow.js, once. */
export function registerKernels(): void {
  registerBlocks();
  registerConvolution();
  registerDilation();
  registerElementwise();
  registerFused();
  registerMatmul();
  registerNormalization();
  registerPooling();
  registerReduction();
  registerResize();
  registerRefused();
  registerScan();
  registerShape();
  registerTransformer();
  registerEinsum();
  registerImage();
  registerIndexing();
  registerCreation();
  registerSorting();
  registerHost();
}
