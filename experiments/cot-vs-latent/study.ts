// Chain of thought against latent loops: the same words answered in writing, in latent space, and straight away.
import { loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords, withChain } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { betterThan } from '../pairedClaim.ts';
import { tiny } from '../tiny.ts';

const words = groupWords({ group: 'S3', seq: 8 });
const once = { model: { loops: 1 }, strategy: plain(), objective: lastLoop() };
const writing = { ...once, task: withChain(words) };

export const claim = betterThan('latent loops answer more words right than the same layer that answers straight away', [
  ['latent', 'direct'],
]);

export default defineStudy({
  name: 'cot-vs-latent',
  description: 'How much writing does latent computation save at equal accuracy, and which of the two is faithful?',
  task: words,
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 10_000, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 1000, evalBatches: 4, checkpointEvery: 10_000 },
  variants: {
    latent: {},
    direct: once,
    written: { ...writing, train: { steps: 2000, evalEvery: 500 } }, // writes every chain right long before
  },
  seeds: 3,
  scales: {
    tiny: { ...tiny, variants: { latent: {}, direct: once, written: writing } },
  },
});
