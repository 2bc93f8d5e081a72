// Multi-hop questions over stored facts: how many different questions does it take to learn to chain them?
import { fixedLoops, plain } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { multiHop } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { betterThan } from '../pairedClaim.ts';
import { tiny } from '../tiny.ts';

const world = {
  layers: 3,
  perLayer: 20,
  relations: 5,
  hops: 2,
  heldOut: 100,
  wording: 'short',
  factShare: 0.3,
} as const;
const asked = (samples: number) => multiHop({ ...world, samples });
const budgets = [100, 200, 400]; // of 500 questions, 100 of them held out

/** A variant for each number of different questions. */
const perBudget = (name: string, options: { model?: object; strategy?: ReturnType<typeof plain> } = {}) =>
  Object.fromEntries(budgets.map((samples) => [`${name}${samples}`, { ...options, task: asked(samples) }]));

export const claim = betterThan(
  'loops learn to chain facts from fewer different questions, at equal size and at equal depth',
  ['plain', 'deep'].flatMap((other) => budgets.map((n) => [`looped${n}`, `${other}${n}`] as const)),
);

export default defineStudy({
  name: 'multihop',
  description: 'Do more loops need fewer different questions to learn to chain two facts?',
  task: asked(400),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: { steps: 2000, batch: 256, lr: 2e-3, warmup: 50, evalEvery: 500, evalBatches: 1, checkpointEvery: 10_000 },
  variants: {
    ...perBudget('looped'),
    ...perBudget('plain', { model: { loops: 1 }, strategy: plain() }),
    ...perBudget('deep', { model: { layers: 4, loops: 1 }, strategy: plain() }),
  },
  seeds: 3,
  scales: {
    tiny,
    // arXiv 2510.25741, appendix B.3; a row holds one question here, a window of 1024 symbols there
    paper: {
      model: { dModel: 1024, heads: 16, layers: 6, dFF: 2816 },
      train: { steps: 20_000, batch: 2048, lr: 5e-4, warmup: 1000, beta2: 0.98, eps: 1e-6 },
      variants: Object.fromEntries(
        [20_000, 100_000, 120_000, 140_000, 200_000].flatMap((samples) => {
          const task = multiHop({ samples });
          return [
            ...[1, 2, 4].map((loops) => [`loops${loops}-${samples}`, { task, model: { loops } }]),
            [`deep-${samples}`, { task, model: { layers: 24, loops: 1 }, strategy: plain() }],
          ];
        }),
      ),
      seeds: 4,
    },
  },
});
