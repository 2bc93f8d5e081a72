// The core applied a fixed number of times, read out at the end: a looped transformer without a gate.
import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { fixedDepth } from '../../exit/fixedDepth.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import { unroll } from '../driver.ts';
import { loopPlan } from '../plan.ts';
import type { State } from '../state.ts';
import type { Strategy } from '../strategy.ts';

export const fixedLoopsOptions = z.strictObject({
  gradLoops: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe('gradient flows through the last so many loops only (default: all)'),
  fill: perLoopOptions.shape.fill,
});

/** State of a strategy with one hidden vector a token, [batch, seq, dModel]. */
export interface Hidden extends State {
  readonly h: tf.Tensor;
}

/**
 * `h_0 = e`, `h_t = core(h_{t-1})`, `model.loops` times; logits from the last: `k` layers looped `L` times
 * (arXiv 2502.17416), with `model.prelude` and `model.coda` layers around them where asked for. A batch's `depth` stops tokens earlier.
 */
export function fixedLoops(options: z.input<typeof fixedLoopsOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', fixedLoopsOptions, options);
  return {
    id: 'fixedLoops',
    options: resolved,
    gives: ['readouts'],
    params: () => [],
    plan: ({ loops, train, inputs }) => [
      { ...loopPlan(loops, train ? (resolved.gradLoops ?? loops) : loops), depth: inputs?.depth },
    ],
    init: (ctx) => ({ h: ctx.e }),
    step: (s, _k, ctx) => ({ h: ctx.core(s.h) }),
    read: (s, ctx) => ctx.model.head(ctx.model.coda(s.h)),
    kv: perLoop({ fill: resolved.fill }),
    driver: unroll,
    gradient: 'bptt',
    stationary: true,
    exit: fixedDepth(),
    stages: [{ name: 'train', trainable: 'all', carry: 'none' }],
  };
}
