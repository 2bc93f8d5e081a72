// The shape of a model: a zod schema whose descriptions feed help and docs, and its resolved type.
import { z } from 'zod';
import { ConfigError, parseOptions } from '../config/parseOptions.ts';

/** Schema of the `model` section of a study. Every key but four has a default. */
export const modelSchema = z
  .strictObject({
    vocab: z.number().int().min(2).describe('number of token ids; the task sets it in a study'),
    dModel: z.number().int().min(1).describe('width of the residual stream'),
    heads: z.number().int().min(1).describe('attention heads; must divide dModel into heads of an even width'),
    layers: z.number().int().min(1).describe('layers of the recurrent core, applied once per loop'),
    loops: z.number().int().min(1).default(1).describe('how often the core is applied to each token'),
    dFF: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe('inner width of the SwiGLU layer (default: 8/3 dModel, rounded up to a multiple of 32)'),
    prelude: z.number().int().min(0).default(0).describe('layers before the first loop, applied once'),
    coda: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('layers after the last loop, before the head; they have a final norm of their own'),
    ropeTheta: z.number().positive().default(10_000).describe('base of the rotary position angles'),
    normEps: z.number().positive().default(1e-6).describe('added to the mean square in every RMSNorm'),
    initStd: z.number().positive().default(0.02).describe('standard deviation of the initial weights'),
    maxSeq: z.number().int().min(1).default(65_536).describe('longest sequence the model accepts, in tokens'),
  })
  .superRefine((c, check) => {
    if (c.dModel % c.heads !== 0) {
      const message = `heads must divide dModel (got heads ${c.heads}, dModel ${c.dModel}); set model.heads or model.dModel`;
      check.addIssue({ code: 'custom', message, path: ['heads'] });
    } else if ((c.dModel / c.heads) % 2 !== 0) {
      const message = `the head width dModel / heads must be even for rotary positions (got ${c.dModel} / ${c.heads} = ${c.dModel / c.heads}); set model.heads or model.dModel`;
      check.addIssue({ code: 'custom', message, path: ['heads'] });
    }
  });

/** What a user writes; see {@link modelSchema} for the defaults. */
export type ModelOptions = z.input<typeof modelSchema>;

/** A resolved model: every key present. */
export type ModelConfig = Readonly<Omit<z.output<typeof modelSchema>, 'dFF'>> & { readonly dFF: number };

/**
 * Options with defaults filled in.
 * @throws ConfigError such as `loops must be >= 1 (got 0); set model.loops`
 */
export function modelConfig(options: ModelOptions): ModelConfig {
  const c = parseOptions('model', modelSchema, options);
  return { ...c, dFF: c.dFF ?? Math.ceil((8 * c.dModel) / 3 / 32) * 32 };
}

/** Throws unless `seq` tokens, starting at `offset`, fit the model. */
export function assertSeq(config: ModelConfig, seq: number, offset = 0): void {
  if (seq + offset > config.maxSeq) {
    throw new ConfigError(
      `the sequence has ${seq + offset} tokens, the model takes ${config.maxSeq}; set model.maxSeq or shorten the input`,
    );
  }
}

/** The released checkpoints of arXiv 2510.25741, for loading and for counting parameters. */
export const ouro = {
  '1.4B': modelConfig({ vocab: 49_152, dModel: 2048, heads: 16, layers: 24, loops: 4, dFF: 5632, ropeTheta: 1e6 }),
  '2.6B': modelConfig({ vocab: 49_152, dModel: 2048, heads: 16, layers: 48, loops: 4, dFF: 5632, ropeTheta: 1e6 }),
} as const;
