// The settings of training, their defaults and their help, in one schema.
import { z } from 'zod';

const whole = (least: number): z.ZodInt => z.int('must be a whole number').min(least, `must be >= ${least}`);
const positive = z.number('must be a number').positive('must be > 0');
const share = z.number('must be a number').min(0, 'must be >= 0').max(1, 'must be <= 1');

export const trainConfig = z.strictObject({
  steps: whole(1).describe('optimiser updates'),
  batch: whole(1).describe('rows in one update'),
  microBatches: whole(1).default(1).describe('parts a batch is computed in, to save memory; must divide batch'),
  lr: positive.default(1e-3).describe('peak learning rate'),
  warmup: whole(0).default(50).describe('updates over which the learning rate rises to its peak'),
  schedule: z
    .enum(['cosine', 'constant'], 'must be cosine or constant')
    .default('cosine')
    .describe('after the warm-up'),
  minLrRatio: share.default(0.1).describe('last learning rate of the cosine, as a share of the peak'),
  beta1: share.default(0.9).describe('decay of the first moment'),
  beta2: share.default(0.95).describe('decay of the second moment'),
  eps: positive.default(1e-8).describe('added to the root of the second moment'),
  weightDecay: z
    .number('must be a number')
    .min(0, 'must be >= 0')
    .default(0.1)
    .describe('decoupled; not on norms, biases, gates'),
  clipNorm: z
    .number('must be a number')
    .min(0, 'must be >= 0')
    .default(1)
    .describe('largest global gradient norm; 0 turns clipping off'),
  trainable: z
    .array(z.string('must be a text'))
    .min(1, 'must name something; ["*"] is everything')
    .default(['*'])
    .describe('names of the parameters to train; * stands for any characters'),
  evalEvery: whole(1).default(100).describe('updates between evaluations; the end is always evaluated'),
  evalBatches: whole(1).default(4).describe('held-out batches in one evaluation'),
  evalLoops: whole(1).optional().describe('deepest loop to evaluate; model.loops if not set, more to extrapolate'),
  logEvery: whole(1).default(10).describe('updates between train lines; the loss is fetched from the device only then'),
  checkpointEvery: whole(1).default(100).describe('updates between checkpoints; the end always has one'),
  keepCheckpoints: whole(1).default(2).describe('latest checkpoints kept, besides the best'),
  divergenceFactor: z
    .number('must be a number')
    .min(0, 'must be >= 0')
    .default(3)
    .describe('a loss this many times its running mean is too high; 0 turns the check off'),
  divergencePatience: whole(1).default(50).describe('updates in a row the loss may be too high'),
});

/** Training settings with every default filled in. */
export type TrainConfig = z.output<typeof trainConfig>;
/** Training settings as a person writes them. */
export type TrainConfigInput = z.input<typeof trainConfig>;

/** True if `name` matches one of the patterns; `*` stands for any characters. */
export function matchesAny(name: string, patterns: readonly string[]): boolean {
  return patterns.some((p) => {
    const parts = p.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(name);
  });
}
