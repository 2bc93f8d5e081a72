// The recurrence's input at the scale of the state it is added to or mixed with.
import { rmsNorm } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { Ctx } from '../strategy.ts';

/**
 * `e` at a root mean square of 1, [batch, seq, dModel]. A core ends in a norm, beside whose states an embedding of
 * deviation `model.initStd` would be lost; the papers multiply embeddings by `sqrt(dModel)` to the same end.
 */
export function unitInput({ e, config }: Pick<Ctx, 'e' | 'config'>): tf.Tensor {
  return rmsNorm(e, null, config.normEps);
}
