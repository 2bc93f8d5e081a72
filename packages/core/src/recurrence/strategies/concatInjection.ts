// Injection by concatenation: what a loop starts from is a learned mixture of state and input.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../model/config.ts';
import type { Ctx, StrategyParam } from '../strategy.ts';
import { unitInput } from './unitInput.ts';

/** `W` [dModel, 2 dModel]; variance `2 / (5 dModel)`, as every matrix of Huginn starts. */
export const concatParam = (config: ModelConfig): StrategyParam => ({
  name: 'adapter.weight',
  shape: [config.dModel, 2 * config.dModel],
  init: { normal: Math.sqrt(2 / (5 * config.dModel)) },
  decay: true,
});

/**
 * `W [h; e]` with the input at the scale of the state, [batch, seq, dModel] (arXiv 2502.05171, section 3; arXiv
 * 2202.05826 calls it recall).
 */
export function concatInject(h: tf.Tensor, ctx: Pick<Ctx, 'e' | 'model' | 'config'>): tf.Tensor {
  return linear(tf.concat([h, unitInput(ctx)], 2), ctx.model.param('adapter.weight'));
}
