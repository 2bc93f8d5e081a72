// RELAY: loop t says step t of the written chain of thought, so that depth follows the length of the chain.
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { perLoop, perLoopOptions } from '../../kv/perLoop.ts';
import type { Strategy } from '../strategy.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';

export const relayOptions = z.strictObject({ fill: perLoopOptions.shape.fill });

/**
 * arXiv 2502.08482: the loops of `fixedLoops`, each read out and supervised by a step of the chain. A token takes
 * as many loops as its chain has steps where the batch says so (`depth`), else `model.loops`.
 */
export function relay(options: z.input<typeof relayOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', relayOptions, options);
  return {
    ...fixedLoops(),
    id: 'relay',
    options: resolved,
    kv: perLoop({ fill: resolved.fill }),
    stages: [{ name: 'train', objective: { id: 'stepSupervised' }, trainable: 'all', carry: 'none' }],
  };
}
