// Depth: what each further loop gives on words over S3, beyond the trained depth too.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { risesWithLoops } from '../pairedClaim.ts';
import { ouro } from '../pretraining.ts';
import { tiny } from '../tiny.ts';

export const claim = risesWithLoops('each of the trained loops raises the held-out accuracy');

export default defineStudy({
  name: 'depth',
  description: 'Do harder words take more loops, does the gate know, and do loops beyond the trained depth help?',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 2000, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 4, checkpointEvery: 1000 },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: groupWords({ group: 'S3', seq: 4 }) },
    paper: ouro, // whose answers after each loop are tables 10 to 13
  },
});
