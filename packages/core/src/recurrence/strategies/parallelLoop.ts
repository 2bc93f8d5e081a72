// The parallel loop transformer: a loop reads the loop before at the token before, so that decoding can run loops side by side.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { gatedViews, gatedViewsOptions } from '../../kv/gatedViews.ts';
import { CORE } from '../../model/specs.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const parallelLoopOptions = z.strictObject({ window: gatedViewsOptions.shape.window });

/**
 * arXiv 2510.24824: `h_1 = core(e)`, `h_t = core(e + shift(h_{t-1}))` where `shift` moves every state on by one token
 * (cross-loop parallelism). Loops after the first see the first loop's keys and values and a window of 64 tokens of
 * their own, blended by a gate a head (gated sliding-window attention). The paper finds 2 loops best.
 */
export function parallelLoop(options: z.input<typeof parallelLoopOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', parallelLoopOptions, options);
  const { plan, driver, gradient, exit, stages, init, read, params } = fixedLoops();
  return {
    ...{ plan, driver, gradient, exit, stages, init, read, params },
    id: 'parallelLoop',
    options: resolved,
    gives: ['readouts'],
    cores: () => [{ name: CORE, viewGate: true }],
    step: (s, k, ctx) => ({ h: ctx.core(k.t === 0 ? ctx.e : tf.add(ctx.e, ctx.previousToken(s.h, 'h'))) }),
    kv: gatedViews(resolved),
  };
}
