// The random tensors of a forward pass, drawn on the host since a compiled function can draw none.
import { tensor } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/config.ts';
import { fold, type Key, normal, uniform } from '../rng/random.ts';
import type { NoiseSpec, Strategy } from './strategy.ts';

/** Random tensors by the names a strategy declares. */
export type Noise = Readonly<Record<string, tf.Tensor>>;

/**
 * What `strategy.noise()` asks for; empty for most strategies. A token's draw depends on its row and position, not on
 * how many are drawn at once, so that decoding and other batch sizes meet the noise of the parallel pass.
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
  const tokens = spec.per === 'row' ? 1 : seq;
  const all = new Float32Array(batch * tokens * width);
  for (let b = 0; b < batch; b++) {
    const row = fold(key, b);
    for (let j = 0; j < tokens; j++) {
      all.set(law(spec.per === 'row' ? row : fold(row, offset + j), width), (b * tokens + j) * width);
    }
  }
  return tensor(all, [batch, tokens, ...spec.shape]);
}
