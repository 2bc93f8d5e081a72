// The tiny recursive model: one small network in both roles of a nested recursion, trained segment by segment.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop } from '../../kv/perLoop.ts';
import { CORE } from '../../model/specs.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { fixedVector, headLogit, headParams } from './hrm.ts';
import {
  type Cycles,
  carriedOr,
  explorationNoise,
  isHigh,
  type Nested,
  rowsDone,
  segmentOptions,
  segmentPlan,
} from './segments.ts';
import { unitInput } from './unitInput.ts';

export const trmOptions = segmentOptions.extend({
  cycles: z.number().int().min(1).default(3).describe('T: recursions of a segment, the last of them with gradient'),
  lowCycles: z.number().int().min(1).default(6).describe('n: updates of the latent in a recursion'),
});

/** The cycles of a segment, the last whole one with gradient. */
export function trmCycles({ cycles, lowCycles }: { cycles: number; lowCycles: number }): Cycles {
  return { high: cycles, low: lowCycles, cores: { H: CORE, L: CORE }, gradient: lowCycles + 1 };
}

/**
 * arXiv 2510.04871, figure 3: with one network for both, `z <- net(x + y + z)` n times, then `y <- net(y + z)`; T times a
 * segment, the last with gradient. `y` is the answer (`H`), `z` the latent (`L`). Each update makes one segment, and rows
 * carry both over updates until they stop: the halting head learns whether the answer is right, by binary cross-entropy
 * alone, and a row stops when it says so (section 4.6). `model.loops` is the greatest number of segments, 16 in the paper, and
 * two layers do; evaluation makes all segments.
 *
 * The paper's model attends in both directions and has one head a sequence; here attention is causal, the head says for
 * each token, and a row stops when all its scored tokens do. The paper's
 * moving average of the weights is not taken.
 */
export function trm(options: z.input<typeof trmOptions> = {}): Strategy<Nested> {
  const resolved = parseOptions('strategy', trmOptions, options);
  const { segments, exploration, haltBias, fill } = resolved;
  const cycles = trmCycles(resolved);
  const { driver, gradient, exit } = fixedLoops();
  return {
    ...{ driver, gradient, exit },
    id: 'trm',
    options: resolved,
    gives: ['readouts', 'halt'],
    params: (config) => headParams(1, config.dModel, haltBias),
    products: () => 0,
    noise: () => [explorationNoise],
    plan: (ctx) => [segmentPlan(ctx, cycles, { segments })],
    init: (ctx) => {
      const at = (name: string): tf.Tensor => tf.add(tf.zerosLike(ctx.e), fixedVector(name, ctx.config.dModel));
      return carriedOr({ H: at('trm.y'), L: at('trm.z'), segments: tf.zeros([...ctx.inputs.ids.shape]) }, ctx);
    },
    step: (s, k, ctx) => {
      if (!isHigh(k, cycles)) return { ...s, L: ctx.core(tf.add(tf.add(s.L, s.H), unitInput(ctx))) };
      return { ...s, H: ctx.core(tf.add(s.H, s.L)), segments: k.inner ? s.segments : tf.add(s.segments, 1) };
    },
    halt: (s, ctx) => headLogit(s, ctx, 0),
    read: (s, { model }) => model.head(model.coda(s.H)),
    renew: (s, ctx) => rowsDone(headLogit(s, ctx, 0), s, ctx, exploration),
    kv: perLoop({ fill }),
    stages: [{ name: 'train', objective: { id: 'halting' }, trainable: 'all', carry: 'rows' }],
  };
}
