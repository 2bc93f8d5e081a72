// Checks the charts over tidy tables: right numbers, no warnings, clear refusals.
import { type ColumnTable, from } from 'arquero';
import fc from 'fast-check';
import * as vegaLite from 'vega-lite';
import { describe, expect, it } from 'vitest';
import type { Chart } from '../chart.ts';
import { renderSvg } from '../render.ts';
import { dots } from './dots.ts';
import { heatMap } from './heatMap.ts';
import { lineChart } from './lineChart.ts';
import { boundedDomain, niceDomain } from './lines.ts';
import { reliability } from './reliability.ts';
import { paretoFront, scatter } from './scatter.ts';

const seeds = [0, 1, 2];
const accuracy = from(
  ['a', 'b'].flatMap((series, i) =>
    [1, 2, 4].flatMap((loops) => seeds.map((seed) => ({ series, loops, seed, y: 0.1 * (loops + i) + 0.01 * seed }))),
  ),
);
const words = { id: 'x', title: 'X', caption: 'Held-out answers' };
const line = (table: ColumnTable = accuracy): Chart =>
  lineChart(table, {
    ...words,
    x: { field: 'loops', title: 'Loops', scale: 'log2' },
    y: { field: 'y', title: 'Accuracy', share: true },
    series: 'series',
  });
const cells = from(
  [1, 2, 3].flatMap((i) => [1, 2, 3].flatMap((j) => seeds.map((seed) => ({ i, j, seed, v: i === j ? 1 : 0.5 })))),
);
const map = (facet = false): Chart =>
  heatMap(facet ? cells.derive({ layer: '() => "layer 0"' }) : cells, {
    ...words,
    x: { field: 'j', title: 'Loop j' },
    y: { field: 'i', title: 'Loop i' },
    value: { field: 'v', title: 'Agreement', share: true },
    ...(facet ? { facet: { field: 'layer', title: 'Layer' } } : {}),
  });
const cost = from(
  [
    { name: 'cheap', flops: 1e9, y: 0.3 },
    { name: 'good', flops: 4e9, y: 0.8 },
    { name: 'wasteful', flops: 8e9, y: 0.5 },
  ].flatMap((row) => seeds.map((seed) => ({ ...row, seed, y: row.y + 0.01 * seed }))),
);
const points = (): Chart =>
  scatter(cost, {
    ...words,
    x: { field: 'flops', title: 'FLOPs', log: true },
    y: { field: 'y', title: 'Accuracy', share: true },
    point: 'name',
    front: true,
  });
const panels = (): Chart =>
  lineChart(
    from([1, 2].flatMap((task) => (accuracy.objects() as { y: number }[]).map((r) => ({ ...r, task, y: r.y / task })))),
    {
      ...words,
      x: { field: 'loops', title: 'Loops', scale: 'log2' },
      y: { field: 'y', title: 'Accuracy', share: true },
      series: 'series',
      facet: { field: 'task', title: 'Task' },
    },
  );
const capacity = (): Chart =>
  scatter(cost, {
    ...words,
    x: { field: 'flops', title: 'Parameters', log: true },
    y: { field: 'y', title: 'Bits', log: true },
    point: 'name',
    group: 'name',
    slopes: [
      { slope: 1e-10, name: 'one each' },
      { slope: 1, name: 'out of sight' },
    ],
    reference: { at: 0.4, name: 'chance' },
  });
const bins = from(
  [0, 1, 2, 3].flatMap((bin) => seeds.map((seed) => ({ bin, seed, p: bin / 4 + 0.1, o: bin / 4 + 0.2, n: 100 }))),
);
const ranking = (facet = false): Chart =>
  dots(facet ? cost.derive({ panel: '() => "all"' }) : cost, {
    ...words,
    name: 'name',
    value: { field: 'y', title: 'Accuracy', share: true },
    references: [{ at: 0.1, name: 'chance' }],
    ...(facet ? { facet: { field: 'panel', title: 'Task' } } : {}),
  });
const calibration = (): Chart =>
  reliability(bins, {
    ...words,
    bin: 'bin',
    predicted: { field: 'p', title: 'Predicted' },
    observed: { field: 'o', title: 'Observed' },
    count: 'n',
  });

it.each([
  ['lineChart', line()],
  ['heatMap', map()],
  ['heatMap by layer', map(true)],
  ['scatter', points()],
  ['scatter with lines', capacity()],
  ['lineChart by task', panels()],
  ['reliability', calibration()],
  ['dots', ranking()],
  ['dots by task', ranking(true)],
])('%s compiles and draws without a warning', async (_, chart) => {
  expect(JSON.parse(JSON.stringify(chart.spec))).toEqual(chart.spec);
  const warnings: unknown[] = [];
  const note = (...args: unknown[]) => {
    warnings.push(args);
    return logger;
  };
  const logger = { warn: note, error: note, info: () => logger, debug: () => logger, level: () => logger };
  // the logger's type asks for overloads that are never called
  for (const spec of [chart.spec, chart.compact ?? chart.spec, ...(chart.panels ?? []).map((p) => p.spec)])
    vegaLite.compile(spec, { logger: logger as never });
  expect(warnings).toEqual([]);
  const svg = await renderSvg(chart.spec, { theme: 'paper' });
  expect(svg).not.toMatch(/NaN|undefined/);
  expect(chart.caption).toContain('over 3 seeds');
});

const valuesOf = (chart: Chart): Record<string, unknown>[] =>
  (JSON.stringify(chart.spec).match(/"values":(\[\{.*?\}\])/g) ?? []).flatMap((text) => JSON.parse(text.slice(9)));

it('lineChart draws means over seeds on a doubling axis', () => {
  const mean = valuesOf(line()).find((row) => row.series === 'b' && row.x === 4 && row.n === 3)?.mean;
  expect(mean).toBeCloseTo(0.51, 12); // 0.1 (4 + 1) + 0.01
  expect(JSON.stringify(line().spec)).toContain('"type":"log","base":2');
});

it('lineChart by task has a panel each, with one y axis and one legend, as wide as asked', async () => {
  const chart = panels();
  expect(chart.panels?.map((p) => p.title)).toEqual(['Task 1', 'Task 2']);
  const means = (i: number) => valuesOf({ ...chart, spec: chart.panels?.[i]?.spec ?? chart.spec });
  expect(means(0).find((r) => r.series === 'b' && r.x === 4 && r.n === 3)?.mean).toBeCloseTo(0.51, 12);
  expect(means(1).find((r) => r.series === 'b' && r.x === 4 && r.n === 3)?.mean).toBeCloseTo(0.255, 12);
  const domains = new Set(JSON.stringify(chart.spec).match(/"domain":\[0,[^\]]*\]/g));
  expect([...domains]).toEqual(['"domain":[0,0.6]']);
  const svg = await renderSvg(chart.spec, { theme: 'paper', height: 150, embedFont: false });
  expect(svg).toMatch(/ width="396pt" height="150pt"/);
  expect(svg.match(/role-legend"/g)).toHaveLength(1);
  expect(svg).toContain('>Task 2<');
});

it('lineChart carries the level of a line that ends early, unless told not to', () => {
  const early = accuracy.filter('d => d.series == "a" || d.loops < 4');
  const levels = (carried?: boolean) =>
    JSON.stringify(
      lineChart(early, {
        ...{ ...words, series: 'series', ...(carried === undefined ? {} : { carried }) },
        x: { field: 'loops', title: 'Loops' },
        y: { field: 'y', title: 'Accuracy', share: true },
      }).spec,
    ).match(/"style":"level"/g)?.length ?? 0;
  expect([levels(), levels(true), levels(false)]).toEqual([1, 1, 0]);
});

it('small multiples of one series have no legend', async () => {
  const chart = lineChart(accuracy.filter('d => d.series == "a"').derive({ task: 'd => d.loops > 1 ? 2 : 1' }), {
    ...{ ...words, series: 'series', facet: { field: 'task', title: 'Task' } },
    x: { field: 'loops', title: 'Loops' },
    y: { field: 'y', title: 'Accuracy', share: true },
  });
  expect(chart.legend).toBeUndefined();
  expect(await renderSvg(chart.spec)).not.toContain('role-legend"');
});

it('scatter has room below where everything is right', async () => {
  const chart = scatter(cost.derive({ y: '() => 1' }), {
    ...words,
    x: { field: 'flops', title: 'FLOPs', log: true },
    y: { field: 'y', title: 'Accuracy', share: true },
    point: 'name',
  });
  expect(JSON.stringify(chart.spec)).toContain('"title":"Accuracy","scale":{"domain":[0.9,1]');
  expect(valuesOf(chart).filter((row) => 'name' in row && !('n' in row))).toHaveLength(3); // each has its name
  expect(await renderSvg(chart.spec, { theme: 'paper' })).not.toContain('NaN');
});

it('an axis within bounds is never empty', () => {
  expect(boundedDomain([1, 1], [0, 1])).toEqual([0.9, 1]);
  expect(boundedDomain([0, 0], [0, 1])).toEqual([0, 0.25]);
  expect(boundedDomain([0.5, 0.98], [0, 1])).toEqual([0.4, 1]);
  expect(boundedDomain([1, 1])).toEqual(niceDomain([1, 1]));
});

it('scatter names its lines and leaves out what lies outside', () => {
  const text = JSON.stringify(capacity().spec);
  expect(text).toContain('one each');
  expect(text).toContain('chance');
  expect(text).not.toContain('out of sight');
});

it('scatter leaves names out rather than covering others, and says so', () => {
  const crowd = from(
    Array.from({ length: 20 }, (_, i) => ({ name: `a rather long name ${i}`, flops: 1 + i / 1e3, y: 0.5 })),
  );
  const chart = scatter(crowd, {
    ...words,
    x: { field: 'flops', title: 'FLOPs' },
    y: { field: 'y', title: 'Accuracy', share: true },
    point: 'name',
    names: true,
  });
  const named = JSON.stringify(chart.spec).match(/"values":\[\{"name":"a rather[^\]]*\]/g) ?? [];
  const shown =
    named
      .filter((n) => !n.includes('"group"'))
      .join('')
      .match(/a rather/g)?.length ?? 0;
  expect(chart.caption).toContain(`${20 - shown} points are not named for lack of room.`);
  expect(shown).toBeGreaterThan(0);
});

it('heatMap says where it is highest, and writes white on dark', () => {
  expect(map().alt).toContain('Highest 100.0% at Loop j 1, Loop i 1');
  const [low] = valuesOf(map()).filter((row) => row.i === 1 && row.j === 2);
  expect(low).toMatchObject({ mean: 0.5, text: '50', dark: true });
});

it('scatter joins what nothing beats', () => {
  expect(points().caption).toContain('The dashed line joins what nothing beats at its cost.');
  const frontOf = (rows: { x: number; y: number }[]) => paretoFront(rows);
  expect(
    frontOf([
      { x: 3, y: 1 },
      { x: 1, y: 1 },
      { x: 2, y: 2 },
    ]),
  ).toEqual([
    { x: 1, y: 1 },
    { x: 2, y: 2 },
  ]);
  const some = fc.array(fc.record({ x: fc.nat(20), y: fc.nat(20) }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(some, (rows) => {
      const front = frontOf(rows);
      for (const p of rows) expect(front.some((f) => f.x <= p.x && f.y >= p.y)).toBe(true);
      for (const f of front) {
        expect(rows.some((p) => (p.x < f.x && p.y >= f.y) || (p.x <= f.x && p.y > f.y))).toBe(false);
      }
    }),
  );
});

it('dots ranks by the mean and names its references', () => {
  expect(ranking().alt).toMatch(/^Ranking by Accuracy\. Highest: good 81\.0%, wasteful 51\.0%, cheap 31\.0%\.$/);
  expect(ranking().caption).toContain('Dotted: chance 10.0%.');
  expect(JSON.stringify(ranking().spec)).toContain('"domain":["good","wasteful","cheap"]');
});

it('reliability says how far from the diagonal it is', () => {
  expect(calibration().alt).toContain('mean distance from the diagonal 10.0 points');
});

describe('what cannot be drawn', () => {
  it('names the missing column and those there are', () => {
    expect(() => line(accuracy.rename({ y: 'z' }))).toThrow(
      'chart x: the table has no column y; it has series, loops, seed, z',
    );
  });
  it('names the column without numbers', () => {
    expect(() => line(accuracy.derive({ y: '() => NaN' }))).toThrow('chart x: no row has a finite y');
  });
});
