// A plain transformer with as many layers as a looped one applies: the baseline at equal FLOPs.
import { z } from 'zod';
import { ConfigError, parseOptions } from '../../config/parseOptions.ts';
import { CORE } from '../../model/specs.ts';
import { loopPlan } from '../plan.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const isoFlopOptions = z.strictObject({});

/**
 * `model.layers x model.loops` layers, each with weights of its own and applied once, under one final norm: what
 * arXiv 2502.17416 sets against `k` layers looped `L` times as `kL` layers.
 */
export function isoFlop(options: z.input<typeof isoFlopOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', isoFlopOptions, options);
  return {
    ...fixedLoops(),
    id: 'isoFlop',
    options: resolved,
    gives: [],
    cores: ({ layers, loops }) => [{ name: CORE, layers: layers * loops }],
    plan: ({ loops, config, inputs }) => {
      if (loops !== config.loops) {
        throw new ConfigError(
          `strategy isoFlop has layers for ${config.loops} loops (got loops ${loops}); leave loops at model.loops, or use strategy fixedLoops, which can run at any depth`,
        );
      }
      return [{ ...loopPlan(1), depth: inputs?.depth }];
    },
  };
}
