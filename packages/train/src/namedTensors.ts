// Tensors by name: parameters, their gradients and moments, terms of a loss.
import type { Params } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';

/** The same names with `f` of each tensor. */
export function mapNamed(tensors: Params, f: (x: tf.Tensor, name: string) => tf.Tensor): Params {
  return Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, f(x, name)]));
}

/** @throws Error if there is none, which is a defect: what is computed together has the same names */
export function named(tensors: Params, name: string): tf.Tensor {
  const x = tensors[name];
  if (!x) throw new Error(`no tensor '${name}'; tensors that are computed with together must have the same names`);
  return x;
}

/** Float32 zeros of the same names and shapes: where sums over gradients start. */
export function zerosFor(tensors: Params): Params {
  return mapNamed(tensors, (x) => tf.zeros(x.shape, 'float32'));
}
