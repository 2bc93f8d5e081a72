// TensorFlow.js kernels that this backend does not have, so that using one says why and what to do instead.
import * as tf from '@tensorflow/tfjs-core';
import { BACKEND } from '../backend.ts';
import { UnsupportedKernelError } from './kernel.ts';

const COMPLEX = 'it works on complex64 tensors, and there are only float32, int32 and bool here';
const STRING = 'it works on string tensors, and there are only float32, int32 and bool here';
const BROWSER = 'it reads or draws the pictures of a browser page';

/** Kernel names with the reason. */
export const REFUSED: Readonly<Record<string, string>> = {
  Complex: COMPLEX,
  ComplexAbs: COMPLEX,
  FFT: COMPLEX,
  IFFT: COMPLEX,
  Imag: COMPLEX,
  Real: COMPLEX,
  StaticRegexReplace: STRING,
  StringNGrams: STRING,
  StringSplit: STRING,
  StringToHashBucketFast: STRING,
  Draw: BROWSER,
  FromPixels: BROWSER,
};

/** Registers kernels that only throw. */
export function registerRefused(): void {
  for (const [kernelName, why] of Object.entries(REFUSED)) {
    tf.registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: () => {
        throw new UnsupportedKernelError(kernelName, why);
      },
    });
  }
}
