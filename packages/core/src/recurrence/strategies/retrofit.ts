// Retrofitted recurrence: Huginn's loop with a mean depth that grows during training.
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { fixedDepth } from '../../exit/fixedDepth.ts';
import { fold } from '../../rng/random.ts';
import type { Strategy } from '../strategy.ts';
import { poissonLogNormal } from './depthLaw.ts';
import type { Hidden } from './fixedLoops.ts';
import { huginn, huginnOptions } from './huginn.ts';

export const retrofitOptions = huginnOptions.omit({ exitThreshold: true }).extend({
  ramp: z
    .enum(['linear', '1-sqrt'])
    .default('1-sqrt')
    .describe('how the mean number of loops grows with training: in proportion, or slowly first (1 - sqrt(1 - x))'),
  share: z.number().min(0).max(1).default(0.75).describe('share of the updates over which the mean grows'),
  start: z.number().int().min(1).default(1).describe('the smallest mean number of loops'),
});

/** Mean loops of update `step` of `steps`: `max(start, ceil(full * ramp(step / (share * steps))))`. */
export function rampedMean(
  at: { readonly step: number; readonly steps: number },
  full: number,
  { ramp, share, start }: Pick<z.output<typeof retrofitOptions>, 'ramp' | 'share' | 'start'>,
): number {
  const rising = Math.ceil(share * at.steps);
  const x = rising === 0 ? 1 : Math.min(1, at.step / rising);
  const grown = ramp === 'linear' ? x : 1 - Math.sqrt(1 - x);
  return Math.max(start, Math.ceil(full * grown));
}

/**
 * arXiv 2511.07384: the mean of Huginn's depth law rises from 1 to `model.loops` over the first three quarters of
 * training. Loading weights of a pretrained model into prelude, core and coda is the caller's.
 */
export function retrofit(options: z.input<typeof retrofitOptions> = {}): Strategy<Hidden> {
  const resolved = parseOptions('strategy', retrofitOptions, options);
  const { ramp, share, start, ...rest } = resolved;
  return {
    ...huginn(rest),
    id: 'retrofit',
    exit: fixedDepth(),
    options: resolved,
    schedule: ({ step, steps, key, config }) => ({
      loops: poissonLogNormal(
        fold(key, step),
        rampedMean({ step, steps }, config.loops, { ramp, share, start }),
        rest.sigma,
      ),
    }),
  };
}
