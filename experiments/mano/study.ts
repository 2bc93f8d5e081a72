// Mano: does looping one layer beat one layer, and how near does it come to as many layers as loops?
import { fixedLoops, loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { mano } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';

export default defineStudy({
  name: 'mano',
  description:
    'Does a looped layer manipulate what it knows better than the same layer applied once, and as well as as many layers?',
  task: mano({ modulus: 5, maxOps: 3 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: { steps: 5000, batch: 256, lr: 2e-3, warmup: 100, evalEvery: 500, evalBatches: 8, checkpointEvery: 2500 },
  variants: {
    plain1: { model: { loops: 1 }, strategy: plain() },
    looped1x4: {},
    loopLM1x4: { strategy: loopLM(), objective: entropyRegularised({ beta: 0.05 }) },
    plain4: { model: { layers: 4, loops: 1 }, strategy: plain() },
  },
  seeds: 3,
  scales: {
    tiny: {
      task: mano({ modulus: 3, maxOps: 1 }),
      model: { dModel: 8, heads: 2, dFF: 16 },
      train: { steps: 4, batch: 4, warmup: 2, evalEvery: 2, evalBatches: 1, checkpointEvery: 4 },
      seeds: 1,
    },
  },
});
