// A study with a plug-in of its own and a task that reads a file: its runs can only be made from this file.
import { plain } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { grid } from '@looplab/sweep';
import { text } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';

export default defineStudy({
  name: 'own',
  task: text({ files: [import.meta.filename], seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, dFF: 8 },
  strategy: { ...plain(), id: 'mine' },
  objective: lastLoop(),
  train: { steps: 2, batch: 2, evalBatches: 1 },
  sweep: grid({ 'train.lr': [0.01, 0.02] }),
  variants: { a: {}, b: { train: { weightDecay: 0 } } },
  scales: { tiny: { train: { steps: 1 }, sweep: grid({ 'train.lr': [0.5] }) } },
});
