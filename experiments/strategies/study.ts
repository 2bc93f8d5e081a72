// All strategies over one block on the word problem of S3, at equal parameters and equal training FLOPs.
import { fixedLoops } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { arms } from './arms.ts';

const task = groupWords({ group: 'S3', seq: 8 });
const model = { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 };
const batch = 128;

export default defineStudy({
  name: 'strategies',
  description: 'Which recurrence makes most of the same parameters and the same training FLOPs, on words over S3?',
  task,
  model,
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: { steps: 800, batch, lr: 2e-3, warmup: 50, evalEvery: 200, evalBatches: 4, checkpointEvery: 10_000 },
  variants: arms(task, model, batch, 800),
  seeds: 3,
  scales: {
    tiny: {
      train: { batch: 4, warmup: 1, evalEvery: 1000, evalBatches: 1 },
      variants: arms(task, { ...model, dModel: 16, heads: 2, dFF: 64 }, 4, 2),
      model: { dModel: 16, heads: 2, dFF: 64 },
      seeds: 1,
    },
  },
});
