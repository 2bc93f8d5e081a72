// Scaling: how the loss falls with parameters, tokens and loops.
import { fixedLoops } from '@looplab/core';
import { lastLoop } from '@looplab/objectives';
import { text } from '@looplab/tasks';
import { defineStudy, type StudyOptions } from '@looplab/train';
import { fineWebEdu, sizes } from '../pretraining.ts';
import { corpus } from '../text/corpus.ts';

type Arms = NonNullable<StudyOptions['variants']>;

/** Every size at every number of loops for every number of updates. */
function arms(sizes: readonly number[], loops: readonly number[], steps: readonly number[]): Arms {
  const all = sizes.flatMap((d) => loops.flatMap((t) => steps.map((n) => [d, t, n] as const)));
  return Object.fromEntries(
    all.map(([d, t, n]) => [
      `d${d}-t${t}-s${n}`,
      { model: { dModel: d, heads: d / 16, dFF: (11 * d) / 4, loops: t }, train: { steps: n, evalEvery: n } },
    ]),
  );
}

export default defineStudy({
  name: 'scaling',
  description:
    'Does L = E + A/(N+t1)^a + B/(D+t2)^b + C/(T+t3)^g describe the loss of looped models held out from the fit?',
  task: text({ files: corpus, seq: 64 }),
  model: { dModel: 32, heads: 2, layers: 1, loops: 2, dFF: 88, initStd: 0.05 },
  strategy: fixedLoops(),
  objective: lastLoop(),
  train: {
    steps: 200,
    batch: 32,
    lr: 2e-3,
    warmup: 50,
    schedule: 'constant',
    evalEvery: 200,
    evalBatches: 16,
    checkpointEvery: 10_000,
  },
  variants: arms([16, 32, 48, 64], [1, 2, 4, 8], [125, 250, 500, 1000]),
  seeds: 3,
  scales: {
    tiny: {
      task: text({ files: corpus, seq: 8 }),
      model: { dModel: 16, heads: 1, dFF: 16 },
      train: { batch: 4, warmup: 1, evalBatches: 1 },
      variants: arms([16], [1, 2], [2]),
      seeds: 1,
    },
    paper: {
      ...fineWebEdu,
      variants: Object.fromEntries(
        Object.entries(sizes).flatMap(([size, model]) =>
          [1, 2, 4, 8].flatMap((loops) =>
            // the paper reads one run at several times; a run for each here
            [0.25, 0.5, 1].map((part) => [
              `${size}-t${loops}-${20 * part}B`,
              { model: { ...model, loops }, train: { steps: Math.round(part * fineWebEdu.train.steps) } },
            ]),
          ),
        ),
      ),
      seeds: 1,
    },
  },
});
