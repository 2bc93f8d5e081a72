// ---
// jupyter:
//   kernelspec:
//     display_name: TypeScript (tslab)
//     language: typescript
//     name: tslab
// ---

// %% [markdown]
// # Figures of a paper
//
// A figure is the files it is made from, the numbers that are drawn, and the drawing, each a pure function of the last. This notebook
// makes one from the committed summary of `experiments/text`, shows it as it will be printed, and writes every form a paper needs. A
// study keeps its figures in `figures.ts`, and `looplab figures STUDY` does the same as the last cell.

// %%
import { readFileSync, statSync } from 'node:fs';
import { buildFigure, checkFigure, defineFigure, lineChart } from '@looplab/figures';
import { show } from '@looplab/notebook';
import type { StudySummary } from '@looplab/train';
import { type ColumnTable, from } from 'arquero';

// %% [markdown]
// ## The numbers
// One row a seed and loop; losses are in nats a byte.

// %%
function bitsPerByte({ runs }: StudySummary): ColumnTable {
  const rows = runs.flatMap(({ seed, lossPerLoop = [] }) =>
    lossPerLoop.map((nats, t) => ({
      model: 'LoopLM',
      seed,
      loop: t + 1,
      bits: nats / Math.LN2,
    })),
  );
  return from(rows);
}

const root = '../experiments';
const summary: StudySummary = JSON.parse(readFileSync(`${root}/text/summary.json`, 'utf8'));
await show(bitsPerByte(summary), { title: 'Held-out bits per byte' });

// %% [markdown]
// ## The drawing, at its final size
// Text width of NeurIPS and ICLR, 8 pt labels, colours that every reader can tell apart. Words go into LaTeX, so none are inside.

// %%
const draw = (table: ColumnTable) =>
  lineChart(table, {
    id: 'bits-per-byte',
    title: 'Bits per byte after each loop',
    caption: 'Held-out bits per byte when the model is read after each loop',
    x: { field: 'loop', title: 'Loop' },
    y: { field: 'bits', title: 'Bits per byte' },
    series: 'model',
  });
await show(draw(bitsPerByte(summary)), { theme: 'paper' });

// %% [markdown]
// ## Every form
// Vega-Lite, SVG, PDF, PNG, CSV, LaTeX, and where the bytes come from. Equal inputs give equal bytes, so figures can be checked.

// %%
const figure = defineFigure({
  id: 'bits-per-byte',
  inputs: ['text/summary.json'],
  table: (inputs) => bitsPerByte(inputs.json('text/summary.json') as StudySummary), // written by runStudy
  chart: draw,
});
const out = '../results/notebook-figures';
const files = await buildFigure(figure, { root: root, out });
await show(
  files.map((file) => ({ file, bytes: statSync(file).size })),
  { title: 'Written' },
);
const stale = await checkFigure(figure, { root: root, out });
console.log(`stale: ${stale.length}\n${readFileSync(`${out}/bits-per-byte.tex`, 'utf8')}`);
