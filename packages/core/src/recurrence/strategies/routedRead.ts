// How a residual stream of loop outputs is read: normed, since no norm of the core stands behind the sum.
import { rmsNorm } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from '../../model/config.ts';
import type { Ctx, StrategyParam } from '../strategy.ts';

/** The weight of that norm; a coda ends in one of its own. */
export function finalNorm(config: ModelConfig): StrategyParam[] {
  return config.coda > 0 ? [] : [{ name: 'norm', shape: [config.dModel], init: 'ones', decay: false }];
}

/** Logits of a state whose `h` is a sum; the strategy's `params` include {@link finalNorm}. */
export function routedRead(s: { readonly h: tf.Tensor }, { model, config }: Pick<Ctx, 'model' | 'config'>): tf.Tensor {
  return model.head(config.coda > 0 ? model.coda(s.h) : rmsNorm(s.h, model.param('norm'), config.normEps));
}
