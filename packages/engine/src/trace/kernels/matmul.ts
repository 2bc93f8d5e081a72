// Matrix products.
import { add, matMul } from '../../graph/build.ts';
import { activation } from './elementwise.ts';
import { input, kernel } from './kernel.ts';

/** Registers the matrix product kernels. */
export function registerMatmul(): void {
  kernel('BatchMatMul', (inputs, attrs) =>
    matMul(input(inputs, 'a'), input(inputs, 'b'), { transA: attrs['transposeA'] ?? false, transB: attrs['transposeB'] ?? false }),
  );
  kernel('_FusedMatMul', (inputs, attrs) => {
    const y = matMul(input(inputs, 'a'), input(inputs, 'b'), { transA: attrs['transposeA'] ?? false, transB: attrs['transposeB'] ?? false });
    const bias = inputs['bias'];
    return activation(attrs['activation'], bias ? add(y, bias) : y, inputs['preluActivationWeights'], attrs['leakyreluAlpha']);
  });
}
