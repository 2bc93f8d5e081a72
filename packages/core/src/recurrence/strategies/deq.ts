// The deep equilibrium model: the output is the fixed point of one step, found by a solver and differentiated as such.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { residual } from '../../exit/residual.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { anderson } from '../anderson.ts';
import { unroll } from '../driver.ts';
import type { GradientEstimator } from '../estimator.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import type { Hidden } from './fixedLoops.ts';
import { unitInput } from './unitInput.ts';

export const deqOptions = z.strictObject({
  solver: z
    .enum(['anderson', 'unroll'])
    .default('anderson')
    .describe('how the fixed point is looked for: by combining evaluations, or by plain iteration'),
  memory: z.number().int().min(1).default(6).describe('evaluations that Anderson combines'),
  gradient: z
    .enum(['implicit', 'phantom', 'bptt'])
    .default('implicit')
    .describe(
      'of the fixed point: solved for exactly, through damped steps from it, or through all steps (pretraining)',
    ),
  backward: z.number().int().min(1).default(13).describe('iterations of the implicit gradient'),
  phantomSteps: z.number().int().min(1).default(5).describe('k: damped steps of the phantom gradient'),
  tau: z.number().gt(0).max(1).default(0.5).describe('share of the new value in a damped step'),
  tolerance: z
    .number()
    .positive()
    .default(1e-3)
    .describe('in generation a token stops when the root mean square of f(h) - h is below this'),
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 1909.01377: `z* = f(z*; e)`, `f(z) = core(z + e)`, from `z_0 = 0`, in `model.loops` evaluations (30 in the DEQ
 * code). In training the last evaluation, or the last `phantomSteps` (arXiv 2111.05177), carry the gradient. What each
 * evaluation would answer can be read (`readouts`), and the step's Jacobian is measured for a penalty on it (arXiv
 * 2106.14342).
 *
 * The solver works token by token, so that no token sees a later one before it has converged; earlier tokens are attended to
 * as they were at the same evaluation. The paper injects the input into queries, keys and values; here it is added to the
 * state, at the same unit scale, without which the step is no contraction. Thirteen iterations backward are those of the
 * code for models with the penalty.
 */
export function deq(options: z.input<typeof deqOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', deqOptions, options);
  const { solver, memory, backward, phantomSteps, tau, tolerance, fill } = resolved;
  const estimators: Record<typeof resolved.gradient, GradientEstimator> = {
    implicit: { implicit: backward },
    phantom: { phantom: phantomSteps, tau },
    bptt: 'bptt',
  };
  return {
    id: 'deq',
    options: resolved,
    gives: ['readouts', 'jacobian'],
    params: () => [],
    noise: (config) => [{ name: 'jacobian', per: 'token', shape: [config.dModel], law: 'normal' }],
    plan: ({ loops, inputs }) => [{ ...loopPlan(loops), depth: inputs?.depth }],
    init: (ctx) => ({ h: tf.zerosLike(ctx.e) }),
    step: (s, _k, ctx) => ({ h: ctx.core(tf.add(s.h, unitInput(ctx))) }),
    read: (s, { model }) => model.head(model.coda(s.h)),
    kv: perLoop({ fill }),
    driver: solver === 'anderson' ? anderson({ memory }) : unroll,
    gradient: estimators[resolved.gradient],
    stationary: true,
    exit: residual({ threshold: tolerance }),
    stages: [{ name: 'train', objective: { id: 'jacobianPenalty' }, trainable: 'all', carry: 'none' }],
  };
}
