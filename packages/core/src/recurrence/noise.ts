// The random tensors of a forward pass, drawn on the host since a compiled function can draw none.
import { tensor } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../model/config.ts';
import { fold, type Key, normal, uniform } from '../rng/random.ts';
import type { NoiseSpec, Strategy } from './strategy.ts';

/** Random tensors by the names a strategy declares. */
export type Noise = Readonly<Record<string, tf.Tensor>>;

/** The tokens that are drawn for. */
export interface NoiseAt {
  readonly batch: number;
  readonly seq: number;
  readonly loops: number;
  /** Position of the first token; default 0. */
  readonly offset?: number;
  /** Numbers of the rows in their batch; default 0 to batch - 1. */
  readonly rows?: readonly number[];
}

/**
 * What `strategy.noise()` asks for; empty for most strategies. A token's draw depends on its row and position, not on
 * how many are drawn at once, so that decoding and other batch sizes meet the noise of the parallel pass.
 */
export function drawNoise(config: ModelConfig, strategy: Pick<Strategy, 'noise'>, at: NoiseAt, key: Key): Noise {
  const specs = strategy.noise?.(config, at.loops) ?? [];
  return Object.fromEntries(
    specs.map((spec) => {
      const { data, shape } = drawValues(spec, at, key);
      return [spec.name, tensor(data, shape)];
    }),
  );
}

/** The numbers of one spec on the host: [batch, seq, ...], [batch, 1, ...] or as declared. */
export function drawValues(spec: NoiseSpec, at: NoiseAt, key: Key): { data: Float32Array; shape: number[] } {
  const { batch, seq, offset = 0, rows } = at;
  const law = spec.law === 'normal' ? normal : uniform;
  const own = fold(key, spec.name);
  const width = spec.shape.reduce((a, b) => a * b, 1);
  if (spec.per === 'batch') return { data: law(own, width), shape: [...spec.shape] };
  const tokens = spec.per === 'row' ? 1 : seq;
  const data = new Float32Array(batch * tokens * width);
  for (let b = 0; b < batch; b++) {
    const row = fold(own, rows?.[b] ?? b);
    for (let j = 0; j < tokens; j++) {
      data.set(law(spec.per === 'row' ? row : fold(row, offset + j), width), (b * tokens + j) * width);
    }
  }
  return { data, shape: [batch, tokens, ...spec.shape] };
}
