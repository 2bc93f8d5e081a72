// The settings of training, their defaults and their help, in one schema.
import { parseOptions } from '@looplab/core';
import { z } from 'zod';
import { StudyError } from './errors.ts';

const whole = (least: number): z.ZodInt => z.int().min(least);

export const trainSchema = z.strictObject({
  steps: whole(1).describe('optimiser updates'),
  batch: whole(1).describe('rows in one update'),
  microBatches: whole(1).default(1).describe('parts a batch is computed in, to save memory; must divide batch'),
  lr: z.number().positive().default(1e-3).describe('peak learning rate'),
  warmup: whole(0).default(50).describe('updates over which the learning rate rises to its peak'),
  schedule: z.enum(['cosine', 'constant']).default('cosine').describe('after the warm-up'),
  minLrRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('last learning rate of the cosine, as a share of the peak'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('decay of the first moment'),
  beta2: z.number().min(0).lt(1).default(0.95).describe('decay of the second moment'),
  eps: z.number().positive().default(1e-8).describe('added to the root of the second moment'),
  weightDecay: z.number().min(0).default(0.1).describe('decoupled; not on norms, biases, gates'),
  clipNorm: z.number().min(0).default(1).describe('largest global gradient norm; 0 turns clipping off'),
  remat: z.boolean().default(false).describe('recompute core calls in the backward pass instead of storing them'),
  evalEvery: whole(1).default(100).describe('updates between evaluations; the end is always evaluated'),
  evalBatches: whole(1).default(4).describe('held-out batches in one evaluation'),
  evalLoops: whole(1).optional().describe('deepest loop to evaluate; model.loops if not set, more to extrapolate'),
  logEvery: whole(1).default(10).describe('updates between train lines; the loss is fetched from the device only then'),
  checkpointEvery: whole(1).default(100).describe('updates between checkpoints; the end always has one'),
  keepCheckpoints: whole(1).default(2).describe('latest checkpoints kept, besides the best'),
  divergenceFactor: z
    .number()
    .min(0)
    .default(3)
    .describe('a loss this many times its running mean is too high; 0 turns the check off'),
  divergencePatience: whole(1).default(50).describe('updates in a row the loss may be too high'),
});

/** Training settings with every default filled in. */
export type TrainConfig = z.output<typeof trainSchema>;
/** Training settings as a person writes them. */
export type TrainOptions = z.input<typeof trainSchema>;

/**
 * Options with defaults filled in.
 * @throws ConfigError such as `steps must be >= 1 (got 0); set train.steps`, StudyError if microBatches does not divide batch
 */
export function trainConfig(options: TrainOptions): TrainConfig {
  const config = parseOptions('train', trainSchema, options);
  if (config.batch % config.microBatches !== 0) {
    throw new StudyError(
      `train.microBatches must divide train.batch (got ${config.microBatches} and ${config.batch}); set one of them`,
    );
  }
  return config;
}
