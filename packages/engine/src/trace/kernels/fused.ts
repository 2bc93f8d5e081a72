// Convolutions with a bias and an activation in one kernel.
import { add, reshape } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { type Attrs2D, conv2d, depthwiseConv2d } from './convolution.ts';
import { activation } from './elementwise.ts';
import { type Inputs, input, type KernelAttrs, kernel } from './kernel.ts';

/** A vector with an element for each channel, shaped so that it broadcasts over y. */
function perChannel(v: Value, attrs: KernelAttrs): Value {
  const n = v.shape[0];
  return attrs.dataFormat === 'NCHW' && v.shape.length === 1 && n !== undefined && n !== 1 ? reshape(v, [n, 1, 1]) : v;
}

function finish(y: Value, inputs: Inputs, attrs: KernelAttrs): Value {
  const { bias, preluActivationWeights: slopes } = inputs;
  const biased = bias ? add(y, perChannel(bias, attrs)) : y;
  return activation(attrs.activation, biased, slopes && perChannel(slopes, attrs), attrs.leakyreluAlpha);
}

/** Registers the fused convolution kernels. */
export function registerFused(): void {
  for (const [name, lower] of [
    ['FusedConv2D', conv2d],
    ['FusedDepthwiseConv2D', depthwiseConv2d],
  ] as const) {
    kernel(name, (inputs, attrs) =>
      finish(lower(input(inputs, 'x'), input(inputs, 'filter'), attrs as Attrs2D), inputs, attrs),
    );
  }
}
