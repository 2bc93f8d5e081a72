// Early exit: accuracy against loops spent, with the gate of Stage I and after Stage II.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { ouro } from '../pretraining.ts';
import { tiny } from '../tiny.ts';

/** With the gate of the first stage, and with that of a second stage of so many updates. */
function gates(steps: number, gateSteps: number) {
  const stageOne = { name: 'language model', trainable: 'all', carry: 'none', steps } as const;
  const stageTwo = {
    name: 'gate',
    objective: { id: 'gateImprovement' },
    trainable: ['model.early_exit_gate.*'],
    carry: 'none',
    steps: gateSteps,
  } as const;
  return { stageI: { stages: [stageOne] }, stageII: { stages: [stageOne, stageTwo] } };
}

export default defineStudy({
  name: 'early-exit',
  description: 'Which rule saves most loops at equal accuracy, and does the second stage make the gate a better one?',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: { steps: 1500, batch: 128, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 4, checkpointEvery: 10_000 },
  variants: gates(1500, 300),
  seeds: 3,
  scales: {
    tiny: {
      ...tiny,
      task: groupWords({ group: 'S3', seq: 4 }),
      variants: { stageI: gates(4, 1).stageI },
    },
    paper: { ...ouro, variants: gates(ouro.train.steps, 1000) }, // how long the second stage took is not published
  },
});
