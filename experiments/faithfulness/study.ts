// Faithfulness: are the loops still thinking when the answer is decided, and do they work the chain out in order?
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { ouro } from '../pretraining.ts';
import { tiny } from '../tiny.ts';

export default defineStudy({
  name: 'faithfulness',
  description: 'Do the loops compute the running products one after another, and does the answer depend on them?',
  task: groupWords({ group: 'S3', seq: 8 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 8, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 2000, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 4, checkpointEvery: 10_000 },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: groupWords({ group: 'S3', seq: 4 }) },
    layers: { model: { layers: 2, loops: 4 } }, // as deep, in loops of two layers: for the probes between layers
    paper: ouro,
  },
});
