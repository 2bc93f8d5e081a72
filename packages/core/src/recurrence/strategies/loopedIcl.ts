// The looped in-context learner: starts from nothing, adds the input in every loop, and is read in a window of loops.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { unitInput } from './unitInput.ts';

export const loopedIclOptions = z.strictObject({
  window: z
    .number()
    .int()
    .min(1)
    .default(15)
    .describe('T: gradient flows through the last so many loops, and those are read; the loops before run without'),
  start: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('loops of the first update; they rise to model.loops (default: model.loops from the start)'),
  every: z.number().int().min(1).default(500).describe('updates between two rises of the number of loops'),
  rise: z.number().int().min(1).default(2).describe('loops added at each rise'),
  fill: perLoopOptions.shape.fill,
});

/**
 * arXiv 2311.12424, section 4: `h_0 = 0`, `h_t = core(h_{t-1} + e)`; the loss is the mean over the readouts of loops
 * `b - T + 1 .. b`. `b` is `model.loops`, reached by a curriculum of two loops every 500 updates. The paper has
 * `b = 30, T = 15` for linear functions and `12, 5` for small networks.
 */
export function loopedIcl(options: z.input<typeof loopedIclOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', loopedIclOptions, options);
  const { window, start, every, rise, fill } = resolved;
  return {
    ...fixedLoops(),
    id: 'loopedIcl',
    options: resolved,
    schedule: ({ step, config }) => ({
      loops: Math.min(config.loops, (start ?? config.loops) + rise * Math.floor(step / every)),
    }),
    plan: ({ loops, inputs }) => [{ ...loopPlan(loops, Math.min(window, loops)), depth: inputs?.depth }],
    init: (ctx) => ({ h: tf.zerosLike(ctx.e) }),
    step: (s, _k, ctx) => ({ h: ctx.core(tf.add(s.h, unitInput(ctx))) }),
    kv: perLoop({ fill }),
    stages: [{ name: 'train', objective: { id: 'windowed' }, trainable: 'all', carry: 'none' }],
  };
}
