// The paper's pretraining runs (Ouro, arXiv 2510.25741), for the scale `paper`: the shapes of its models and what they were trained on.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { text } from '@looplab/tasks';
import { corpus } from './text/corpus.ts';

/**
 * The small corpus stands in for the paper's, which is not at hand. Give it and the tokenizer on the command line:
 * `--scale paper --set task.files='["fineweb-edu/000.parquet"]' --set task.tokenizer=tokenizer.json`.
 */
const language = (seq: number) => text({ files: corpus, seq });

/**
 * Widths that have, with a vocabulary of 32,000 and embeddings that are not shared with the head, just the parameters that
 * appendix D states: 53M, 134M, 374M, 778M and 1.364B. The widths themselves and the heads are not published.
 */
export const sizes = {
  '53M': { dModel: 512, heads: 8, layers: 6, dFF: 1536 },
  '134M': { dModel: 768, heads: 12, layers: 12, dFF: 2048 },
  '374M': { dModel: 1024, heads: 16, layers: 24, dFF: 2816 },
  '778M': { dModel: 1536, heads: 24, layers: 24, dFF: 4096 },
  '1364M': { dModel: 2048, heads: 16, layers: 24, dFF: 5632 },
} as const;

/** Appendices A and D: 20B tokens of FineWeb-Edu, 0.5M an update. The learning rate is not published; this is that of the 1.4B model. */
export const fineWebEdu = {
  task: language(2048),
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 38_147, batch: 256, lr: 3e-4, warmup: 1000, evalEvery: 1000, checkpointEvery: 1000 },
};

/** Ouro-1.4B, which the paper asks its other questions of, in its longest stage (table 1, stage 1b): 3T tokens, 8M an
 * update. Warm-up is not published. */
export const ouro = {
  task: language(4096),
  model: { ...sizes['1364M'], loops: 4 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: {
    steps: 357_628,
    batch: 2048,
    lr: 3e-4,
    warmup: 2000,
    schedule: 'constant',
    evalEvery: 1000,
    checkpointEvery: 1000,
  },
  seeds: 1,
} as const;
