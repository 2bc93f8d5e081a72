// Reachability in a graph in context: loops against distance.
import { fixedLoops, plain } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { reachability } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { betterThan } from '../pairedClaim.ts';
import { tiny } from '../tiny.ts';

export const claim = betterThan('more loops of the same layers find more of the ways between two nodes', [
  ['loops2', 'loops1'],
  ['loops4', 'loops2'],
]);

export default defineStudy({
  name: 'reachability',
  description: 'Is the way between two nodes of a graph in context found with more loops rather than more parameters?',
  task: reachability({ nodes: 8, edges: 8, maxDistance: 3 }),
  model: { dModel: 64, heads: 4, layers: 2, loops: 4, dFF: 176 },
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: { steps: 1500, batch: 128, lr: 1e-3, warmup: 100, evalEvery: 300, evalBatches: 8, checkpointEvery: 10_000 },
  variants: {
    loops1: { model: { loops: 1 }, strategy: plain() },
    loops2: { model: { loops: 2 } },
    loops4: {},
  },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: reachability({ nodes: 4, edges: 4, maxDistance: 1 }) },
  },
});
