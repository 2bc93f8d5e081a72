// KV sharing: what a smaller cache costs a looped model that was trained with one slot a loop.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { ouro } from '../pretraining.ts';
import { tiny } from '../tiny.ts';

export default defineStudy({
  name: 'kv-sharing',
  description: 'How much of the cache of a looped model can be shared between loops without losing answers?',
  task: groupWords({ group: 'S3', seq: 8 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 2000, batch: 256, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 4, checkpointEvery: 10_000 },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: groupWords({ group: 'S3', seq: 4 }) },
    paper: ouro,
  },
});
