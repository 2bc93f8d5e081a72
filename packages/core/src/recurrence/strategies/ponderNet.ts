// PonderNet: each loop stops with a learned probability, trained against a geometric prior on the number of loops.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { bernoulli, bernoulliOptions } from '../../exit/bernoulli.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const ponderNetOptions = z.strictObject({
  exitSeed: bernoulliOptions.shape.seed,
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 2107.05407: `lambda_n = sigmoid(w . h_n + b)` per token, `p_n = lambda_n prod_{j<n} (1 - lambda_j)`, the last
 * loop taking what is left; generation tosses that coin. The recurrence itself is that of `fixedLoops`; the prior is the
 * objective's.
 */
export function ponderNet(options: z.input<typeof ponderNetOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', ponderNetOptions, options);
  return {
    ...fixedLoops(),
    id: 'ponderNet',
    options: resolved,
    gives: ['readouts', 'halt'],
    params: (config) => [
      { name: 'halt.weight', shape: [1, config.dModel], init: { normal: config.initStd }, decay: false },
      { name: 'halt.bias', shape: [1], init: 'zeros', decay: false },
    ],
    plan: ({ loops, inputs }) => [{ ...loopPlan(loops), depth: inputs?.depth }],
    halt: (s, ctx) => tf.squeeze(linear(s.h, ctx.model.param('halt.weight'), ctx.model.param('halt.bias')), [2]),
    kv: perLoop({ fill: resolved.fill }),
    exit: bernoulli({ seed: resolved.exitSeed }),
    stages: [{ name: 'train', objective: { id: 'ponderNet' }, trainable: 'all', carry: 'none' }],
  };
}
