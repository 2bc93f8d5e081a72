// Parameters: a flat record of tensors by checkpoint name, and their initial values.
import { tensor } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import { fold, type Key, normal } from '../rng/random.ts';
import type { ParamSpec } from './specs.ts';

/** Tensors by checkpoint name; linear weights are [out, in]. */
export type Params = Readonly<Record<string, tf.Tensor>>;

/** Initial values. Each parameter's key is folded from its name, so they do not depend on the order or number of specs. */
export function initParams(specs: readonly ParamSpec[], key: Key): Params {
  return Object.fromEntries(specs.map((s) => [s.name, tensor(initial(s, key), s.shape)]));
}

function initial(spec: ParamSpec, key: Key): Float32Array {
  const n = spec.shape.reduce((a, b) => a * b, 1);
  if (spec.init === 'ones') return new Float32Array(n).fill(1);
  if (spec.init === 'zeros') return new Float32Array(n);
  if (spec.init === 'identity') {
    const columns = spec.shape[1] ?? 1;
    return Float32Array.from({ length: n }, (_, i) => (i % (columns + 1) === 0 && i < columns * columns ? 1 : 0));
  }
  if ('constant' in spec.init) return new Float32Array(n).fill(spec.init.constant);
  const std = spec.init.normal;
  return normal(fold(key, spec.name), n).map((x) => x * std);
}
