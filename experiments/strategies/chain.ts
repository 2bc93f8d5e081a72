// Coconut, which needs a written chain to take the place of, against writing that chain, at equal parameters and equal training FLOPs.
import {
  coconut,
  countParams,
  flops,
  type ModelConfig,
  modelConfig,
  paramSpecs,
  plain,
  type Strategy,
} from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { groupWords, withChain } from '@looplab/tasks';
import { defineStudy, type StageOptions } from '@looplab/train';

const task = withChain(groupWords({ group: 'S3', seq: 4 }));
const model = { dModel: 64, heads: 4, layers: 1, loops: 1, dFF: 176 };
const batch = 128;
const latent = coconut({ thoughts: 1, maxStage: 4 });
const looped = { ...model, loops: 5 };

/** Counted FLOPs of an update. */
const work = (config: ModelConfig, strategy: Strategy): number =>
  flops(config, strategy, { batch, seq: task.seq, train: true });
const sized = (m: typeof model): ModelConfig => modelConfig({ ...m, vocab: task.vocab });

/** As in the other two studies: 1.0e12 training FLOPs. */
const budget = 1.0e12;
const updates = Math.round(budget / work(sized(looped), latent));

/** The first half of the updates writes the chain, the rest is shared by the stages in which thoughts take its place. */
const stages: readonly StageOptions[] = latent.stages.map((stage, i, all) => ({
  ...stage,
  steps: Math.round(i === 0 ? updates / 2 : updates / 2 / (all.length - 1)),
}));

if (countParams(paramSpecs(sized(looped), latent)) !== countParams(paramSpecs(sized(model), plain())))
  throw new Error('coconut has parameters of its own; match them');

export default defineStudy({
  name: 'strategies-chain',
  description: 'Do latent thoughts that take the place of a written chain answer as well as the chain itself?',
  task,
  model,
  strategy: plain(),
  objective: lastLoop(),
  train: {
    steps: updates,
    batch,
    lr: 2e-3,
    warmup: 50,
    schedule: 'constant',
    evalEvery: 100,
    evalBatches: 4,
    checkpointEvery: 10_000,
  },
  variants: {
    written: { train: { steps: Math.round(budget / work(sized(model), plain())) } },
    coconut: { model: { loops: 5 }, strategy: latent, stages },
  },
  seeds: 3,
});
