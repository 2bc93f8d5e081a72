// Checks figures as files: every form, the same bytes twice, provenance, LaTeX, and what is refused.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from } from 'arquero';
import { afterAll, describe, expect, it } from 'vitest';
import { buildFigure, checkFigure } from './buildFigure.ts';
import { lineChart } from './charts/lineChart.ts';
import { accuracyPerLoop } from './charts/perLoop.ts';
import { defineFigure, type Figure } from './figure.ts';
import { latexTable } from './latex.ts';
import { writeQuickstart } from './synthetic.test-data.ts';
import { loopTable } from './tables.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-figure-'));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'data'));
const csv = 'series,loops,seed,accuracy\nlooped,1,0,0.2\nlooped,2,0,0.4\nlooped,1,1,0.3\nlooped,2,1,0.5\n';
writeFileSync(join(root, 'data/accuracy.csv'), csv);
writeFileSync(join(root, 'data/no-list.json'), '{"a": 1}');
writeQuickstart(join(root, 'runs'));

const figure = defineFigure({
  id: 'accuracy',
  inputs: ['data/accuracy.csv'],
  table: (inputs) => inputs.table('data/accuracy.csv'),
  chart: (table) =>
    lineChart(table, {
      id: 'accuracy',
      title: 'Accuracy',
      caption: 'Held-out answers',
      x: { field: 'loops', title: 'Loops' },
      y: { field: 'accuracy', title: 'Accuracy', share: true },
      series: 'series',
    }),
});
const out = join(root, 'figures');
const at = { root, out };

it('writes every form, the same bytes twice, and finds what was changed', async () => {
  const paths = await buildFigure(figure, at);
  expect(readdirSync(out).sort()).toEqual(
    ['csv', 'dark.svg', 'pdf', 'png', 'provenance.json', 'screen.svg', 'svg', 'tex', 'vl.json'].map(
      (ending) => `accuracy.${ending}`,
    ),
  );
  const once = paths.map((path) => readFileSync(path));
  await buildFigure(figure, at);
  expect(paths.map((path) => readFileSync(path))).toEqual(once);
  expect(await checkFigure(figure, at)).toEqual([]);
  writeFileSync(join(root, 'data/accuracy.csv'), csv.replace('0.4', '0.45'));
  const changed = (await checkFigure(figure, at)).map((path) => path.split('/').at(-1));
  const forms = ['vl.json', 'svg', 'pdf', 'screen.svg', 'dark.svg', 'csv', 'tex', 'provenance.json'];
  expect(changed).toEqual(forms.map((e) => `accuracy.${e}`));
  writeFileSync(join(root, 'data/accuracy.csv'), csv);
  const png = join(out, 'accuracy.png');
  rmSync(png);
  expect(await checkFigure(figure, at)).toEqual([png]);
});

it('finds a picture of another size, or none at all, in place of a PNG', async () => {
  const lower = join(root, 'lower');
  await buildFigure(figure, at);
  await buildFigure({ ...figure, height: 150 }, { root, out: lower });
  const png = join(out, 'accuracy.png');
  for (const bytes of [readFileSync(join(lower, 'accuracy.png')), 'no picture', '']) {
    writeFileSync(png, bytes);
    expect(await checkFigure(figure, at)).toEqual([png]);
  }
});

it('is a PDF of its size in points with Inter inside', async () => {
  await buildFigure(figure, at);
  const pdf = readFileSync(join(out, 'accuracy.pdf'), 'latin1');
  expect(pdf).toMatch(/^%PDF-/);
  expect(pdf).toContain('/MediaBox [0 0 396 198]');
  expect(pdf).toContain('Inter-Regular');
});

it('is a PDF too where there are more lines than colours, and some are dashed', async () => {
  const many = from(
    Array.from({ length: 9 }, (_, s) =>
      [1, 2].map((loops) => ({ series: `s${s}`, loops, seed: 0, accuracy: s / 10 })),
    ).flat(),
  );
  await buildFigure({ ...figure, table: () => many }, { root, out: join(root, 'many') });
  expect(readFileSync(join(root, 'many', 'accuracy.pdf'), 'latin1')).toMatch(/^%PDF-/);
});

it('has a picture for light and one for dark pages, with its words inside', async () => {
  await buildFigure(figure, at);
  const [light, dark] = ['screen', 'dark'].map((mode) => readFileSync(join(out, `accuracy.${mode}.svg`), 'utf8'));
  for (const svg of [light, dark]) expect(svg).toMatch(/>Accuracy<.*>Held-out answers; mean and range of 2 seeds\.</s);
  expect(light).toContain('fill="#FFFFFF"');
  expect(dark).toContain('fill="#14181D"');
});

it.each([
  ['neurips', 396],
  ['icml', 486],
  ['icmlColumn', 234],
  [300, 300],
] as const)('is as wide as %s asks', async (width, points) => {
  const seen: unknown[] = [];
  const chart: Figure['chart'] = (table, size) => {
    seen.push(size);
    return figure.chart(table, size);
  };
  await buildFigure({ ...figure, width, height: 150, chart }, { root, out: join(root, 'widths') });
  const pdf = readFileSync(join(root, 'widths', 'accuracy.pdf'), 'latin1');
  expect(pdf).toContain(`/MediaBox [0 0 ${points} 150]`);
  expect(seen).toEqual([{ width: points, height: 150 }]);
});

it('says from which runs it was made', async () => {
  const ofRuns: Figure = {
    id: 'runs',
    inputs: ['runs'],
    table: (inputs) => loopTable(inputs.runs('runs')),
    chart: () => accuracyPerLoop(figureRuns),
  };
  const { readRuns } = await import('./readRun.ts');
  const figureRuns = readRuns(join(root, 'runs'));
  await buildFigure(ofRuns, at);
  const provenance = JSON.parse(readFileSync(join(out, 'runs.provenance.json'), 'utf8'));
  expect(provenance.inputs[0].runs).toHaveLength(figureRuns.length);
  expect(provenance.inputs[0].sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(provenance.caption).toContain('seeds');
});

describe('what cannot be built', () => {
  const bad = (change: Partial<Figure>) => buildFigure({ ...figure, ...change }, at);
  it.each([
    [
      'an input that is not there',
      { inputs: ['data/gone.csv'] },
      /needs .*gone\.csv, which is not there; run the study/,
    ],
    ['an input it does not name', { inputs: [] }, /reads data\/accuracy\.csv, which its inputs do not name \(none\)/],
    ['an id that is no file name', { id: '../x' }, /id may have letters, digits and '-' \(got '\.\.\/x'\)/],
    [
      'a width without meaning',
      { width: 'a4' as 'icml' },
      /there is no width a4; give points, or one of neurips, iclr, icml, icmlColumn/,
    ],
    ['no rows', { table: () => from([]) }, /figure accuracy has no numbers to draw/],
    [
      'JSON that is no table',
      { inputs: ['data/no-list.json'], table: (i: Parameters<Figure['table']>[0]) => i.table('data/no-list.json') },
      /holds no list of rows/,
    ],
  ] as [string, Partial<Figure>, RegExp][])('%s', async (_, change, message) => {
    await expect(bad(change)).rejects.toThrow(message);
  });
});

it('writes tables that LaTeX reads', () => {
  const table = from([
    { model: 'k⊗L 50%', loops: 4, accuracy: 0.56789, flops: 1.5e12 },
    { model: 'a_b', loops: 12, accuracy: Number.NaN, flops: 2e20 },
  ]);
  expect(latexTable(table)).toBe(
    [
      '\\begin{tabular}{lrrr}',
      '\\toprule',
      'model & loops & accuracy & flops \\\\',
      '\\midrule',
      'k$\\otimes$L 50\\% & 4 & 0.5679 & 1500000000000 \\\\',
      'a\\_b & 12 & -- & 200000000000000000000 \\\\',
      '\\bottomrule',
      '\\end{tabular}',
      '',
    ].join('\n'),
  );
});
