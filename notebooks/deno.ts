// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (Deno)
//     language: typescript
//     name: deno
// ---

// %% [markdown]
// # In Deno's kernel
//
// The same packages and the same `show`. Deno sends every form of an output at once, so a chart that answers the mouse is still a picture
// where nothing draws Vega-Lite. This notebook looks at the committed summary of `experiments/quickstart`.

// %%
import { readFileSync } from 'node:fs';
import { lineChart } from '@looplab/figures';
import { show } from '@looplab/notebook';
import type { StudySummary } from '@looplab/train';
import { from } from 'arquero';

const path = '../experiments/quickstart/summary.json';
const { runs, chance }: StudySummary = JSON.parse(readFileSync(path, 'utf8'));

// %%
await show(
  from(
    runs.map(({ variant, seed, params, accuracy, expectedLoops }) => ({
      variant,
      seed,
      params,
      accuracy,
      expectedLoops,
    })),
  ),
  { title: 'Runs of the quickstart study' },
);

// %% [markdown]
// ## After each loop

// %%
const perLoop = runs.flatMap(({ variant, seed, accuracyPerLoop = [] }) =>
  accuracyPerLoop.map((accuracy, t) => ({ variant, seed, loop: t + 1, accuracy })),
);
await show(
  lineChart(from(perLoop), {
    id: 'per-loop',
    title: 'Accuracy after each loop',
    caption: 'Held-out accuracy on products in S3',
    x: { field: 'loop', title: 'Loop' },
    y: { field: 'accuracy', title: 'Accuracy', share: true },
    series: 'variant',
    reference: { at: chance, name: 'chance' },
  }),
  { interactive: true },
);
