// The gradients of the fused kernels. Composites on eager backends need none: tfjs differentiates them.
import * as tf from '@tensorflow/tfjs-core';
import { runKernel, runKernels } from './kernel.ts';

/** dy of the first output, whether or not tfjs passes the others. */
function first(dy: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(dy) ? (dy[0] as tf.Tensor) : dy;
}

/**
 * One gradient function for each name, the i-th picking the i-th output of a kernel. The kernel is recorded once for
 * each; common subexpression elimination leaves one.
 */
function picks(names: readonly string[], run: () => tf.Tensor[]): Record<string, () => tf.Tensor> {
  return Object.fromEntries(names.map((name, i) => [name, () => run()[i] as tf.Tensor]));
}

let registered = false;

/** Registers the gradients with TensorFlow.js, once. */
export function registerGradients(): void {
  if (registered) return;
  registered = true;

  tf.registerGradient({
    kernelName: 'RmsNormUnit',
    outputsToSave: [true, true],
    gradFunc: (dy, [xHat, inv]) => ({
      x: () => runKernel('RmsNormUnitGrad', { dy: first(dy), xHat: xHat as tf.Tensor, inv: inv as tf.Tensor }),
    }),
  });
  tf.registerGradient({
    kernelName: 'RmsNorm',
    inputsToSave: ['weight'],
    outputsToSave: [false, true, true],
    gradFunc: (dy, saved) => {
      const [weight, xHat, inv] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      return picks(['x', 'weight'], () => runKernels('RmsNormGrad', { dy: first(dy), weight, xHat, inv }));
    },
  });
  tf.registerGradient({
    kernelName: 'Rotary',
    inputsToSave: ['cos', 'sin'],
    gradFunc: (dy, [cos, sin], attrs) => ({
      x: () =>
        runKernel('Rotary', { x: first(dy), cos: cos as tf.Tensor, sin: sin as tf.Tensor }, {
          ...attrs,
          inverse: !attrs['inverse'],
        } as tf.NamedAttrMap),
    }),
  });
  tf.registerGradient({
    kernelName: 'CausalAttention',
    outputsToSave: [false, true, true, true, true, true],
    gradFunc: (dy, saved, attrs) => {
      const [q, k, v, p, out] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return picks(['q', 'k', 'v'], () =>
        runKernels('CausalAttentionGrad', { dy: first(dy), q, k, v, p, out }, attrs as tf.NamedAttrMap),
      );
    },
  });
  tf.registerGradient({
    kernelName: 'Swiglu',
    inputsToSave: ['gate', 'up'],
    outputsToSave: [false, true],
    gradFunc: (dy, saved) => {
      const [gate, up, silu] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      return picks(['gate', 'up'], () => runKernels('SwigluGrad', { dy: first(dy), gate, up, silu }));
    },
  });
  tf.registerGradient({
    kernelName: 'CrossEntropy',
    inputsToSave: ['labels'],
    outputsToSave: [false, true],
    gradFunc: (dy, [labels, logP]) => ({
      logits: () =>
        runKernel('CrossEntropyGrad', { dy: first(dy), labels: labels as tf.Tensor, logP: logP as tf.Tensor }),
    }),
  });
  tf.registerGradient({
    kernelName: 'Embedding',
    inputsToSave: ['table', 'ids'],
    gradFunc: (dy, [table, ids]) => ({
      table: () =>
        runKernel(
          'EmbeddingGrad',
          { dy: first(dy), ids: ids as tf.Tensor },
          { rows: (table as tf.Tensor).shape[0] as number },
        ),
    }),
  });
}
