// A sweep from a script: two layers once, or one layer twice? `node examples/sweep.ts [RESULTS]`
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { grid, sweep } from '@looplab/sweep';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';

const study = defineStudy({
  name: 'depth',
  task: groupWords({ group: 'S3', seq: 4 }),
  model: { dModel: 16, heads: 2, layers: 1, loops: 1, dFF: 32 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 20, batch: 8, warmup: 5, evalEvery: 10, evalBatches: 1 },
  seeds: 2,
});

const table = await sweep(study, {
  // settings with a comma between them vary together, axes in every combination
  search: grid({
    'model.layers,model.loops': [
      [2, 1],
      [1, 2],
    ],
  }),
  results: process.argv[2] ?? 'results',
  output: process.stderr, // progress; without it only failures are told
});

// An Arquero table, a row a run. Seeds are averaged, settings are not.
table
  .groupby('model.layers', 'model.loops')
  .rollup({ loss: 'mean(d.loss)', accuracy: 'mean(d.accuracy)', seeds: 'count()' })
  .orderby('loss')
  .print();
