// What becomes of charts, tables and runs, and of what is none of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Chart, heatMap, lineChart, readRun } from '@looplab/figures';
import { from } from 'arquero';
import { afterAll, describe, expect, it } from 'vitest';
import { bundlesOf } from './bundle.ts';
import { VEGALITE } from './mimeBundle.ts';
import { writeRun } from './testing/writeRun.ts';

const scratch = mkdtempSync(join(tmpdir(), 'looplab-notebook-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const chart = lineChart(from([1, 2, 4].map((loops) => ({ loops, accuracy: loops / 4, arm: 'a' }))), {
  id: 'accuracy',
  title: 'Accuracy <by> loops',
  caption: 'Made up',
  x: { field: 'loops', title: 'Loops', scale: 'log2' },
  y: { field: 'accuracy', title: 'Accuracy', share: true },
  series: 'arm',
});

describe('a chart', () => {
  it('is a picture with its title, and words', async () => {
    const [bundle, ...more] = await bundlesOf(chart);
    expect(more).toEqual([]);
    expect(Object.keys(bundle ?? {})).toEqual(['image/svg+xml', 'text/plain']);
    expect(bundle?.['image/svg+xml']).toMatch(/^<svg.*Accuracy &lt;by&gt; loops<\/text>.*<\/svg>\s*$/s);
    expect(bundle?.['text/plain']).toBe(`Accuracy <by> loops. ${chart.alt}`);
  });

  it('on paper leaves its title to the paper', async () => {
    const [bundle] = await bundlesOf(chart, { theme: 'paper' });
    expect(bundle?.['image/svg+xml']).toMatch(/^<svg[^>]* width="396pt"/);
    expect(bundle?.['image/svg+xml']).not.toContain('Accuracy &lt;by&gt; loops</text>');
  });

  it('has ids of its own, the same each time', async () => {
    const map = (z: number) =>
      heatMap(
        from([
          { x: 1, y: 1, z },
          { x: 2, y: 1, z: 1 },
        ]),
        {
          id: 'map',
          title: 'Map',
          caption: 'Made up',
          x: { field: 'x', title: 'x' },
          y: { field: 'y', title: 'y' },
          value: { field: 'z', title: 'z' },
        },
      );
    const ids = async (shown: Chart): Promise<string[]> => {
      const [bundle] = await bundlesOf(shown);
      return [...String(bundle?.['image/svg+xml']).matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? '');
    };
    const first = await ids(map(0)); // the colour scale's gradient has one
    expect(first.length).toBeGreaterThan(0);
    expect(await ids(map(0))).toEqual(first);
    expect((await ids(map(0.5))).filter((id) => first.includes(id))).toEqual([]);
  });

  it('is also a Vega-Lite 5 specification where it is to answer the mouse', async () => {
    const [bundle] = await bundlesOf(chart, { interactive: true, width: 500 });
    expect(Object.keys(bundle ?? {})[0]).toBe(VEGALITE);
    expect(bundle?.[VEGALITE]).toMatchObject({
      $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
      description: chart.alt,
      width: 500,
      title: { text: 'Accuracy <by> loops' },
    });
    expect(bundle?.['image/svg+xml']).toContain('<svg');
  });
});

it('a table or rows are HTML and text', async () => {
  const expected = [{ 'text/html': expect.stringContaining('<caption'), 'text/plain': 'Runs\na\n1' }];
  expect(await bundlesOf([{ a: 1 }], { title: 'Runs' })).toEqual(expected);
  expect(await bundlesOf(from([{ a: 1 }]), { title: 'Runs' })).toEqual(expected);
  expect(await bundlesOf([])).toMatchObject([{ 'text/plain': 'no rows' }]);
});

describe('runs', () => {
  const run = readRun(writeRun(join(scratch, 'a1'), { seed: 0, evals: [[0.2, 0.3], [0.25, 0.75]] })); // biome-ignore format: one line an evaluation

  it('are a table and the charts that they give', async () => {
    const [table, ...charts] = await bundlesOf([run]);
    expect(String(table?.['text/plain']).split('\n')).toEqual([
      expect.stringMatching(/^run +series +seed +state +step +params +accuracy +loss +seconds$/),
      expect.stringMatching(/^a1 +LoopLM 1×2 +0 +finished +20 +1234 +0.75 +0.25 +2.5$/),
    ]);
    expect(charts.map((c) => String(c['text/plain']).split('.')[0])).toEqual([
      'Accuracy after each loop',
      'Accuracy while training',
      'When the model answers',
    ]);
    expect(await bundlesOf(run)).toEqual([table, ...charts]);
  });

  it('that were not evaluated yet are a table', async () => {
    const young = readRun(writeRun(join(scratch, 'b2'), { seed: 1, evals: [] }));
    const bundles = await bundlesOf([young]);
    expect(bundles.map((b) => Object.keys(b))).toEqual([['text/html', 'text/plain']]);
  });
});

describe('anything else', () => {
  it.each([
    ['null', null],
    ['a string', 'x'],
    ['a number', 3],
    ['a list of number', [1, 2]],
    ['a object', { a: 1 }],
  ])('is refused: %s', async (name, what) => {
    const refused = bundlesOf(what as never); // as a cell of JavaScript would pass it
    await expect(refused).rejects.toThrow(
      `show takes a chart, an Arquero table, rows (a list of objects) or runs, and got`,
    );
    await expect(refused).rejects.toThrow(name);
  });
});
