// Capo: does looping store more? Bits a parameter of plain and looped models of equal size.
import { fixedLoops, plain } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { capo } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';
import { tiny } from '../tiny.ts';

const [people, batch] = [400, 32];
const exposures = (n: number): number => Math.round((n * people) / batch);
const once = { model: { loops: 1 }, strategy: plain() };
const often = { steps: exposures(1000), evalEvery: exposures(250) };

export default defineStudy({
  name: 'capo',
  description: 'Does a looped model store more bits a parameter than the same layers applied once?',
  task: capo({ people, tokens: 'pieces', rowsPerStep: batch }),
  model: { dModel: 16, heads: 2, layers: 2, loops: 4, dFF: 44 },
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: {
    ...{ steps: exposures(100), batch, lr: 4e-3, warmup: 50, weightDecay: 0.02, beta2: 0.98 },
    ...{ evalEvery: exposures(50), evalBatches: 2, checkpointEvery: 10_000 },
  },
  variants: {
    plain100: once,
    looped100: {},
    plain1000: { ...once, train: often },
    looped1000: { train: often },
  },
  seeds: 3,
  scales: {
    tiny: { ...tiny, task: capo({ people: 8, tokens: 'pieces' }), variants: { plain: once, looped: {} } },
    // arXiv 2510.25741, appendix B.1: 1000 exposures, 7 people to a row; its blocks are GPT-2's, these are not, and its sizes (1M to
    // 40M parameters) are not listed
    paper: {
      model: { dModel: 512, heads: 8, layers: 4, dFF: 2048 },
      train: { steps: 14_900, batch: 192, lr: 1e-3, warmup: 1000, eps: 1e-6, evalEvery: 1000 },
      variants: Object.fromEntries(
        [20_000, 50_000, 100_000, 200_000, 500_000].flatMap((n) => {
          const task = capo({ people: n, packing: 'masked', rowsPerStep: 192 });
          const train = { steps: Math.ceil((1000 * n) / (7 * 192)) };
          return [
            [`plain${n}`, { ...once, task, train }],
            [`looped${n}`, { task, train }],
          ];
        }),
      ),
    },
  },
});
