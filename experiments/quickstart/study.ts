// Quickstart: one layer applied four times against the same layer applied once, on the word problem of S3.
import { loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { tiny } from '../tiny.ts';

export { quickstartClaim as claim } from './claim.ts';

export default defineStudy({
  name: 'quickstart',
  description: 'Does applying one layer four times beat applying it once, at the same number of parameters?',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 1200, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 100, evalBatches: 4, checkpointEvery: 400 },
  variants: {
    looped: {},
    plain: { model: { loops: 1 }, strategy: plain(), objective: lastLoop() },
  },
  seeds: 2,
  scales: {
    tiny: { ...tiny, task: groupWords({ group: 'S3', seq: 4 }) },
  },
});
