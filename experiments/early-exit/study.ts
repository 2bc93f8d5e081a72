// Early exit: accuracy against loops spent, with the gate of Stage I and after Stage II.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { tiny } from '../tiny.ts';

const stageOne = { name: 'language model', trainable: 'all', carry: 'none', steps: 1500 } as const;

export default defineStudy({
  name: 'early-exit',
  description: 'Which rule saves most loops at equal accuracy, and does the second stage make the gate a better one?',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 1500, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 4, checkpointEvery: 10_000 },
  variants: {
    stageI: { stages: [stageOne] },
    stageII: {
      stages: [
        stageOne,
        {
          name: 'gate',
          objective: { id: 'gateImprovement' },
          trainable: ['model.early_exit_gate.*'],
          carry: 'none',
          steps: 300,
        },
      ],
    },
  },
  seeds: 3,
  scales: {
    tiny: {
      ...tiny,
      task: groupWords({ group: 'S3', seq: 4 }),
      variants: { stageI: { stages: [{ ...stageOne, steps: 4 }] } },
    },
  },
});
