// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (tslab)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # Quickstart: one layer, applied four times
//
// Trains a looped and a plain model of the same size on the word problem of S3: a row holds random permutations of three things, and at
// every position the model says the product of all so far. Ten seconds; `experiments/quickstart` is the study at its full size.

// %%
import { loopLM, plain } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { readRun } from '@looplab/figures';
import { liveCurves, show } from '@looplab/notebook';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy, runStudy } from '@looplab/train';

await useDevice({ kind: 'onnx', threads: 1 });

// %% [markdown]
// ## The study
// A task, a model, a recurrence and an objective; what differs between the arms stands in `variants`.

// %%
const study = defineStudy({
  name: 'notebook-quickstart',
  task: groupWords({ group: 'S3', seq: 6 }),
  model: { dModel: 32, heads: 2, layers: 1, loops: 4, dFF: 88 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.05 }),
  train: {
    steps: 300,
    batch: 64,
    lr: 4e-3,
    warmup: 30,
    evalEvery: 50,
    evalBatches: 2,
    checkpointEvery: 300,
  },
  variants: {
    looped: {},
    plain: { model: { loops: 1 }, strategy: plain(), objective: lastLoop() },
  },
});

// %% [markdown]
// ## Training
// The chart is drawn anew after every evaluation. Runs are kept in `results/notebook-quickstart`; one that is there is not trained again.

// %%
const live = liveCurves({ curve: 'loss' });
const results = '../results';
const { runs } = await runStudy({ study: study, results, callbacks: () => [live] });

// %% [markdown]
// ## What came out
// The looped model has an answer after every loop. At the same number of parameters it ends above the plain one; one seed of a small model
// proves nothing, so the study trains more.

// %%
await show(runs.map((run) => readRun(`${results}/${study.name}/${run.runId}`)));
