// Matrix products.
import * as tf from '@tensorflow/tfjs-core';
import { add, matMul } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { activation } from './elementwise.ts';
import { input, kernel } from './kernel.ts';

interface MatMulAttrs {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

function product(a: Value, b: Value, { transposeA = false, transposeB = false }: MatMulAttrs): Value {
  const inner = [a.shape.at(transposeA ? -2 : -1), b.shape.at(transposeB ? -1 : -2)];
  tf.util.assert(
    a.shape.length >= 2 && b.shape.length >= 2 && inner[0] === inner[1],
    () =>
      `matMul: inner sizes (${inner[0]}) and (${inner[1]}) of shapes [${a.shape}] and [${b.shape}] must match (transposeA=${transposeA}, transposeB=${transposeB})`,
  );
  return matMul(a, b, { transA: transposeA, transB: transposeB });
}

/** Registers the matrix product kernels. */
export function registerMatmul(): void {
  kernel('BatchMatMul', (inputs, attrs) => product(input(inputs, 'a'), input(inputs, 'b'), attrs));
  kernel('_FusedMatMul', (inputs, attrs) => {
    const y = product(input(inputs, 'a'), input(inputs, 'b'), attrs);
    const bias = inputs.bias;
    return activation(attrs.activation, bias ? add(y, bias) : y, inputs.preluActivationWeights, attrs.leakyreluAlpha);
  });
}
