// Mano: does looping one layer beat one layer, and how near does it come to as many layers as loops?
import { fixedLoops, loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { mano } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { betterThan } from '../pairedClaim.ts';
import { tiny } from '../tiny.ts';

/** So many different layers, each applied once. */
const unlooped = (layers: number) => ({ model: { layers, loops: 1 }, strategy: plain() });

const looped = (layers: number, loops: number) => ({ model: { layers, loops } });

/** Those of the paper's table of this task. */
const publishedShapes = {
  ...Object.fromEntries([2, 3, 6, 12].map((layers) => [`plain${layers}`, unlooped(layers)])),
  ...{ looped2x6: looped(2, 6), looped3x4: looped(3, 4), looped6x2: looped(6, 2) },
};

export const claim = betterThan(
  'a layer applied four times answers more held-out expressions right than the same layer applied once',
  [
    ['looped1x4', 'plain1'],
    ['loopLM1x4', 'plain1'],
  ],
);

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
    plain1: unlooped(1),
    looped1x4: {},
    loopLM1x4: { strategy: loopLM(), objective: entropyRegularised({ beta: 0.05 }) },
    plain4: unlooped(4),
  },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: mano({ modulus: 3, maxOps: 1 }) },
    // arXiv 2510.25741, section 6.2 and appendix B.2: of seeds and learning rates the best; the width within a layer is not stated
    paper: {
      model: { dModel: 1024, heads: 16, dFF: 2816 },
      train: { steps: 80_000, batch: 128, lr: 2e-4, warmup: 1000, beta2: 0.98, eps: 1e-6 },
      variants: Object.fromEntries(
        Object.entries({ 10: 80_000, 16: 110_000, 24: 200_000 }).flatMap(([maxOps, steps]) =>
          [5e-5, 1e-4, 2e-4, 5e-4].flatMap((lr) =>
            Object.entries(publishedShapes).map(([name, shape]) => [
              `${name}-L${maxOps}-lr${lr.toExponential()}`,
              {
                ...shape,
                task: mano({ modulus: 23, maxOps: Number(maxOps), packing: 'masked' }),
                train: { steps, lr },
              },
            ]),
          ),
        ),
      ),
    },
  },
});
