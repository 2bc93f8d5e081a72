// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (tslab)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # Leaving early
//
// A looped model need not spend all its loops on every token. This notebook trains a small one and asks every exit rule, at several
// thresholds, how accurate it is for how many FLOPs. A rule is worth having only where it beats stopping everybody after the same loop.

// %%
import { earlyExit } from '@looplab/analysis';
import { loopLM } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { lineChart, reliability } from '@looplab/figures';
import { liveCurves, show } from '@looplab/notebook';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy, loadRun, runStudy } from '@looplab/train';
import { from } from 'arquero';

await useDevice({ kind: 'onnx', threads: 1 });

// %%
const study = defineStudy({
  name: 'notebook-early-exit',
  task: groupWords({ group: 'Z3', seq: 8 }),
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
// ## Every rule, every threshold
// Tokens really leave: those that are done are frozen, and the FLOPs of their skipped loops are not counted.

// %%
const run = loadRun(`../results/${study.name}/${runs[0]?.runId}`);
const { tables, notes } = await earlyExit.run({ ...run, rows: 32, progress: () => {} });
const best = from(tables.points ?? [])
  .filter('d => d.front')
  .orderby('share');
await show(best.select('rule', 'threshold', 'loops', 'share', 'accuracy', 'lo', 'hi'), {
  title: 'Points that no other beats at its FLOPs; share: of the FLOPs of all loops',
});
console.log(notes.join('\n'));

// %% [markdown]
// ## Accuracy against depth
// The best that three rules afford, beside the depths at which everybody could be stopped (`fixedDepth`).

// %%
const chosen = ['fixedDepth', 'qExit', 'minPKl', 'cosine'];
await show(
  lineChart(
    from(tables.points?.filter((p) => p.ruleFront && chosen.includes(String(p.rule))) ?? []),
    {
      id: 'early-exit',
      title: 'What early exit affords',
      caption: 'Held-out accuracy at the mean number of loops that each threshold leads to',
      x: { field: 'loops', title: 'Mean loops', scale: 'continuous' },
      y: { field: 'accuracy', title: 'Accuracy', share: true, domain: [0.5, 1] },
      series: 'rule',
      order: chosen,
    },
  ),
);

// %% [markdown]
// ## Does the gate mean what it says?
// After the second loop: its probability of stopping now, against how often the next loop would have changed nothing for the better.

// %%
const gate = from(tables.reliability ?? []).filter('d => d.source == "gate"');
await show(
  reliability(gate.filter('d => d.event == "no gain" && d.loop == 2'), {
    id: 'gate',
    title: 'The gate after loop 2',
    caption:
      'Probability of stopping against the share of tokens that gained nothing from another loop',
    bin: 'from',
    predicted: { field: 'predicted', title: 'Probability of stopping' },
    observed: { field: 'happened', title: 'Gained nothing' },
    count: 'tokens',
  }),
);
