// The random tensors of a forward pass, drawn on the host since a compiled function can draw none.
import { tensor } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/config.ts';
import { fold, type Key, normal, uniform } from '../rng/random.ts';
import type { NoiseSpec, Strategy } from './strategy.ts';

/** Random tensors by the names a strategy declares. */
export type Noise = Readonly<Record<string, tf.Tensor>>;

/**
 * What `strategy.noise()` asks for; empty for most strategies. A token's draw depends on its position and the batch
 * size, not on how many positions are drawn at once, so that decoding meets the noise of the parallel pass.
 * @param at.offset position of the first token
 */
export function drawNoise(
  config: ModelConfig,
  strategy: Pick<Strategy, 'noise'>,
  at: { batch: number; seq: number; loops: number; offset?: number },
  key: Key,
): Noise {
  const specs = strategy.noise?.(config, at.loops) ?? [];
  return Object.fromEntries(specs.map((spec) => [spec.name, draw(spec, at, fold(key, spec.name))]));
}

function draw(
  spec: NoiseSpec,
  { batch, seq, offset = 0 }: { batch: number; seq: number; offset?: number },
  key: Key,
): tf.Tensor {
  const law = spec.law === 'normal' ? normal : uniform;
  const width = spec.shape.reduce((a, b) => a * b, 1);
  if (spec.per === 'batch') return tensor(law(key, width), spec.shape);
  if (spec.per === 'row') return tensor(law(key, batch * width), [batch, 1, ...spec.shape]);
  const all = new Float32Array(batch * seq * width);
  for (let j = 0; j < seq; j++) {
    const column = law(fold(key, offset + j), batch * width);
    for (let b = 0; b < batch; b++) {
      all.set(column.subarray(b * width, (b + 1) * width), (b * seq + j) * width);
    }
  }
  return tensor(all, [batch, seq, ...spec.shape]);
}
