// All strategies over one block on short Mano problems, at equal parameters and equal training FLOPs.
import { fixedLoops } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { mano } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { arms } from './arms.ts';

const task = mano({ modulus: 5, maxOps: 2 });
const model = { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 };
const batch = 128;

export default defineStudy({
  name: 'strategies-mano',
  description: 'Which recurrence makes most of the same parameters and the same training FLOPs, on mental arithmetic?',
  task,
  model,
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: { steps: 600, batch, lr: 2e-3, warmup: 50, evalEvery: 300, evalBatches: 8, checkpointEvery: 10_000 },
  variants: arms(task, model, batch, 600),
  seeds: 3,
});
