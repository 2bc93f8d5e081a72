// Deep thinking: recall of the input in every loop, and a second trajectory that learns to go on from anywhere.
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { fold, randint } from '../../rng/random.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { concatInject, concatParam } from './concatInjection.ts';
import { ofFewLengths } from './depthLaw.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { unitInput } from './unitInput.ts';

export const deepThinkingOptions = z.strictObject({ fill: perLoopOptions.shape.fill });

/**
 * arXiv 2202.05826: `h_0 = e`, `h_t = core(W [h_{t-1}; e])`. A training pass is made twice (algorithm 1): over all
 * `M = model.loops` loops, and over `n` loops without gradient followed by `k` with it, `n` uniform on `0..M-1`, `k` on
 * `1..M-n`, drawn for each update; above eight loops `k` is rounded up to one of eight numbers.
 */
export function deepThinking(options: z.input<typeof deepThinkingOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', deepThinkingOptions, options);
  return {
    ...fixedLoops(),
    id: 'deepThinking',
    options: resolved,
    gives: ['readouts', 'trajectories'],
    params: (config) => [concatParam(config)],
    schedule: ({ step, key, config }) => {
      const draw = (name: string, below: number): number => randint(fold(fold(key, step), name), 1, below)[0] ?? 0;
      const n = draw('n', config.loops);
      const k = ofFewLengths(1 + draw('k', config.loops - n), config.loops);
      return { hp: { n: Math.min(n, config.loops - k), k } };
    },
    plan: ({ loops, train, inputs, hp }) => {
      const depth = inputs?.depth;
      const full = { ...loopPlan(loops), depth, tag: 'full' };
      if (!train) return [full];
      return [full, { ...loopPlan(hp('n') + hp('k'), hp('k')), depth, tag: 'progressive' }];
    },
    init: (ctx) => ({ h: unitInput(ctx) }),
    step: (s, _k, ctx) => ({ h: ctx.core(concatInject(s.h, ctx)) }),
    kv: perLoop({ fill: resolved.fill }),
    stages: [{ name: 'train', objective: { id: 'progressive' }, trainable: 'all', carry: 'none' }],
  };
}
