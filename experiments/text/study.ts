// Text: a byte-level LoopLM on the largest real text that every install has, TypeScript's description of the browser.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { text } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { corpus } from './corpus.ts';

export { textClaim as claim } from './claim.ts';

export default defineStudy({
  name: 'text',
  description: 'Does each loop lower the bits per byte of held-out text?',
  task: text({ files: corpus, seq: 128 }),
  model: { dModel: 128, heads: 4, layers: 2, loops: 4, initStd: 0.05 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 1000, batch: 16, lr: 2e-3, warmup: 100, evalEvery: 100, evalBatches: 16, checkpointEvery: 250 },
  seeds: 3,
  scales: {
    // seconds on the reference backend: for tests, not for conclusions
    tiny: {
      task: text({ files: corpus, seq: 8 }),
      model: { dModel: 8, heads: 2, layers: 1, dFF: 16 },
      train: { steps: 4, batch: 2, warmup: 2, evalEvery: 2, evalBatches: 1, checkpointEvery: 4 },
    },
  },
});
