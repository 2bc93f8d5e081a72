// The pondering language model: before a token is emitted, the expected embedding of the prediction is added to the input, a few times.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import type { State } from '../state.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { assertWholeModel, softInput } from './softInput.ts';

export const ponderingOptions = z.strictObject({
  topK: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('only so many of the likeliest tokens are mixed (default: all, as in the paper)'),
  fill: perLoopOptions.shape.fill,
});

/** What the core was given and what it made of it, both [batch, seq, dModel]. */
interface Pondering extends State {
  readonly x: tf.Tensor;
  readonly h: tf.Tensor;
}

/**
 * arXiv 2505.20674: `x_0 = e`, `h_t = core(x_t)`, `x_{t+1} = x_t + softmax(head(h_t)) E` with the embedding table E; read
 * after `model.loops` passes (the paper's 3 pondering steps are 4 passes), trained on that readout alone.
 */
export function pondering(options: z.input<typeof ponderingOptions> = {}): Strategy<Pondering> {
  const resolved = parseOptions('strategy', ponderingOptions, options);
  const { plan, driver, gradient, exit, stages } = fixedLoops();
  return {
    ...{ plan, driver, gradient, exit, stages },
    id: 'pondering',
    options: resolved,
    gives: ['readouts'],
    params: () => [],
    check: (config) => assertWholeModel('pondering', config),
    init: (ctx) => ({ x: ctx.e, h: ctx.e }),
    step: (s, k, { core, model }) => {
      const soft = (): tf.Tensor => softInput(model.head(s.h), resolved.topK ?? Number.POSITIVE_INFINITY, model);
      const x = k.t === 0 ? s.x : tf.add(s.x, soft());
      return { x, h: core(x) };
    },
    read: (s, { model }) => model.head(s.h),
    products: ({ vocab, dModel }, k) => (k.t === 0 ? 0 : 2 * vocab * dModel), // head and mixture
    kv: perLoop({ fill: resolved.fill }),
  };
}
