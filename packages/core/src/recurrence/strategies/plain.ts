// No recurrence: each layer once, the baseline that looped models are measured against.
import { z } from 'zod';
import { ConfigError, parseOptions } from '../../config/parseOptions.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const plainOptions = z.strictObject({});

/** An ordinary transformer: `model.loops` must be 1, depth comes from `model.layers`. */
export function plain(options: z.input<typeof plainOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', plainOptions, options);
  const assertOnce = (loops: number): void => {
    if (loops !== 1) {
      throw new ConfigError(
        `loops must be 1 with strategy plain (got ${loops}); set model.loops to 1, or use strategy fixedLoops or loopLM`,
      );
    }
  };
  const once = fixedLoops();
  return {
    ...once,
    id: 'plain',
    options: resolved,
    gives: [],
    check: (config) => assertOnce(config.loops),
    plan: (ctx) => {
      assertOnce(ctx.loops);
      return once.plan(ctx);
    },
  };
}
