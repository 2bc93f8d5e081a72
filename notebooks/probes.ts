// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (tslab)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # Reading the steps off the state
//
// Adding numbers one after the other has intermediate values. Does the looped model compute them, and when? Linear probes are fitted to
// its states after every loop, at every place, cross-validated and checked against a control task.

// %%
import { probes } from '@looplab/analysis';
import { loopLM } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { heatMap } from '@looplab/figures';
import { liveCurves, show } from '@looplab/notebook';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy, loadRun, runStudy } from '@looplab/train';
import { from } from 'arquero';

await useDevice({ kind: 'onnx', threads: 1 });

// %%
const study = defineStudy({
  name: 'notebook-probes',
  task: groupWords({ group: 'Z3', seq: 6 }),
  model: { dModel: 32, heads: 2, layers: 1, loops: 4, dFF: 88 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.02 }),
  train: {
    steps: 300,
    batch: 64,
    lr: 4e-3,
    warmup: 30,
    evalEvery: 100,
    evalBatches: 2,
    checkpointEvery: 300,
  },
});
const live = liveCurves({ chance: 1 / 3 });
const { runs } = await runStudy({ study, results: '../results', callbacks: () => [live] });

// %% [markdown]
// ## What can be read off where
// `value s` is the sum of the first s symbols. In a causal model its place is the s-th symbol or a later one.

// %%
const run = loadRun(`../results/${study.name}/${runs[0]?.runId}`);
const { tables, notes } = await probes.run({ ...run, rows: 200, progress: () => {} });
const rows = from(tables.probes ?? []);
const last = rows.filter('d => d.site == "answer"');
await show(
  last
    .filter('d => d.loop == 4')
    .select('target', 'accuracy', 'lo', 'hi', 'majority', 'control'),
  {
    title: 'Ridge probes of the state at the last place, after the last loop',
  },
);
console.log(notes.join('\n'));

// %%
await show(
  heatMap(last, {
    id: 'probes',
    title: 'What can be read off at the last place',
    caption: 'Cross-validated accuracy of ridge probes after each loop',
    x: { field: 'loop', title: 'Loop (0: before the first)' },
    y: { field: 'target', title: 'Read off' },
    value: { field: 'accuracy', title: 'Accuracy', share: true },
    upwards: false,
  }),
);

// %% [markdown]
// ## Selectivity
// A probe can memorise. What it reads off minus what it reads of random labels is what the state says (Hewitt & Liang 2019).

// %%
await show(
  heatMap(last.filter('d => d.selectivity != null'), {
    id: 'selectivity',
    title: 'Selectivity at the last place',
    caption: 'Accuracy minus that on the control task',
    x: { field: 'loop', title: 'Loop (0: before the first)' },
    y: { field: 'target', title: 'Read off' },
    value: { field: 'selectivity', title: 'Selectivity', share: true },
    upwards: false,
  }),
);
