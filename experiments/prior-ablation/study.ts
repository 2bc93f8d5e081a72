// Prior ablation: what the prior over exit steps does to depth and accuracy.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { betterThan } from '../pairedClaim.ts';
import { fineWebEdu, sizes } from '../pretraining.ts';
import { tiny } from '../tiny.ts';

const geometric = (lambda: number) => ({ objective: entropyRegularised({ beta: 0.05, prior: 'geometric', lambda }) });

export const claim = betterThan('a uniform prior over exit steps gives better answers than each geometric one', [
  ['uniform', 'geometric02'],
  ['uniform', 'geometric05'],
  ['uniform', 'geometric08'],
]);

export default defineStudy({
  name: 'prior-ablation',
  description: 'Does a uniform prior over exit steps, which favours no depth, give better answers than geometric ones?',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 1200, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 300, evalBatches: 4, checkpointEvery: 10_000 },
  variants: { uniform: {}, geometric02: geometric(0.2), geometric05: geometric(0.5), geometric08: geometric(0.8) },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: groupWords({ group: 'S3', seq: 4 }) },
    paper: {
      ...fineWebEdu,
      model: sizes['778M'],
      variants: {
        uniform: {},
        ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`geometric0${i + 1}`, geometric((i + 1) / 10)])),
      },
    },
  },
});
