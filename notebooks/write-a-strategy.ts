// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (tslab)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # A recurrence of your own
//
// The loop of LoopLM replaces the state by what the layers make of it. Heavy-ball descent would keep some of its speed: this notebook
// writes that loop, trains it beside the one it extends, and looks at what it learned. `docs/write-a-strategy.md` explains each member.

// %%
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixedLoops, type State, type Strategy } from '@looplab/core';
import { toArray, useDevice } from '@looplab/engine';
import { accuracyPerLoop, readRun } from '@looplab/figures';
import { liveCurves, show } from '@looplab/notebook';
import { everyLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { defineStudy, loadRun, runStudy } from '@looplab/train';
import * as tf from '@tensorflow/tfjs-core';

await useDevice({ kind: 'onnx', threads: 1 });

// %% [markdown]
// ## The state, and how it moves
// `v <- m v + (core(h) - h)`, `h <- h + v`, with one learned `m` a channel. It starts at 0: then this is the plain loop.

// %%
interface Moving extends State {
  /** [batch, seq, dModel] */
  readonly h: tf.Tensor;
  /** How `h` moved in the last loop, [batch, seq, dModel]. */
  readonly v: tf.Tensor;
}

function momentum(): Strategy<Moving> {
  const { kv, driver, gradient, exit, stages } = fixedLoops();
  return {
    id: 'momentum',
    options: {},
    gives: ['readouts'],
    params: ({ dModel }) => [{ name: 'm', shape: [dModel], init: 'zeros', decay: false }],
    plan: ({ loops }) => [
      { steps: Array.from({ length: loops }, (_, t) => ({ core: 'core', t, grad: true })) },
    ],
    init: ({ e }) => ({ h: e, v: tf.zerosLike(e) }),
    step: ({ h, v }, _, ctx) => {
      const moved = tf.add(tf.mul(ctx.model.param('m'), v), tf.sub(ctx.core(h), h));
      return { h: tf.add(h, moved), v: moved };
    },
    read: ({ h }, { model }) => model.head(model.coda(h)),
    ...{ kv, driver, gradient, exit, stages, stationary: true },
  };
}

// %% [markdown]
// ## Against the loop it extends
// Same task, same parameters but for `m`, same objective: the loss after every loop counts.

// %%
const study = defineStudy({
  name: 'notebook-momentum',
  task: groupWords({ group: 'S3', seq: 6 }),
  model: { dModel: 32, heads: 2, layers: 1, loops: 4, dFF: 88 },
  strategy: momentum(),
  objective: everyLoop(),
  train: {
    steps: 200,
    batch: 64,
    lr: 4e-3,
    warmup: 30,
    evalEvery: 50,
    evalBatches: 2,
    checkpointEvery: 200,
  },
  variants: { momentum: {}, fixed: { strategy: fixedLoops() } },
});
const live = liveCurves({ curve: 'loss' });
// A fresh folder: a run's id knows the code of packages and study files, but not what a cell says.
const results = mkdtempSync(join(tmpdir(), 'looplab-'));
const { runs } = await runStudy({ study, results, callbacks: () => [live] });

// %%
const folders = runs.map((run) => `${results}/${study.name}/${run.runId}`);
await show(accuracyPerLoop(folders.map(readRun), { chance: 1 / 6 }));
await show(
  runs.map(({ variant, params, accuracy, lossPerLoop }) => ({
    variant,
    params,
    accuracy,
    'loss per loop': lossPerLoop,
  })),
  { title: 'Held-out results of the last evaluation; losses in nats a token' },
);

// %% [markdown]
// ## What `m` became
// Above 0 the loop keeps its direction, below 0 it brakes.

// %%
const { params } = loadRun(folders[0] ?? '', { study: study });
const learned = params['strategy.momentum.m'] as tf.Tensor; // a run of the first arm has it
const m = [...(await toArray(learned))].sort((a, b) => a - b);
await show([{ channels: m.length, least: m[0], median: m[m.length >> 1], most: m.at(-1) }], {
  title: 'Momentum',
});
