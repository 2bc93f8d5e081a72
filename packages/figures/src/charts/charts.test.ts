// Checks the charts: they compile without complaint, hold the right numbers, and refuse what they cannot show.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as vegaLite from 'vega-lite';
import { afterAll, describe, expect, it } from 'vitest';
import { type Chart, spreadOut } from '../chart.ts';
import { readRuns } from '../readRun.ts';
import { renderSvg } from '../render.ts';
import { writeQuickstart, writeSyntheticRun } from '../synthetic.test-data.ts';
import { defaultCharts } from './defaultCharts.ts';
import { exitDistribution } from './exitDistribution.ts';
import { learningCurves } from './learningCurves.ts';
import { niceDomain, shareDomain, tickFormat } from './lines.ts';
import { accuracyPerLoop, bitsPerBytePerLoop, count } from './perLoop.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-charts-'));
afterAll(() => rmSync(root, { recursive: true }));
writeQuickstart(join(root, 'quick'));
for (const seed of [0, 1]) {
  writeSyntheticRun(join(root, 'text'), {
    id: `t${seed}`,
    strategy: 'loopLM',
    layers: 2,
    loops: 4,
    seed,
    task: 'text',
    reach: [0.3, 0.5, 0.6, 0.6],
  });
}
writeSyntheticRun(join(root, 'plain'), { id: 'p', strategy: 'plain', layers: 1, loops: 1, seed: 0, reach: [0.3] });
const [quick, text, plain] = ['quick', 'text', 'plain'].map((name) => readRuns(join(root, name))) as [
  ReturnType<typeof readRuns>,
  ReturnType<typeof readRuns>,
  ReturnType<typeof readRuns>, // three in, three out
];

const all: Chart[] = [
  accuracyPerLoop(quick, { chance: 1 / 6 }),
  learningCurves(quick, { chance: 1 / 6 }),
  learningCurves(quick, { curve: 'trainLoss' }),
  learningCurves(quick, { curve: 'loss' }),
  exitDistribution(quick),
  bitsPerBytePerLoop(text),
  learningCurves(text),
  accuracyPerLoop(plain),
  exitDistribution(text),
];

it.each(all.map((chart) => [chart.id, chart] as const))(
  '%s compiles without a warning and survives JSON',
  (_, chart) => {
    const warnings: unknown[] = [];
    const note = (...args: unknown[]) => {
      warnings.push(args);
      return logger;
    };
    const logger = { warn: note, error: note, info: () => logger, debug: () => logger, level: () => logger };
    for (const spec of [chart.spec, chart.compact ?? chart.spec]) {
      vegaLite.compile(spec, { logger: logger as never }); // its type asks for overloads that are never called
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    }
    expect(warnings).toEqual([]);
    expect(chart.id).toMatch(/^[a-zA-Z-]+$/);
    expect(chart.caption).toMatch(/seed/);
  },
);

describe('accuracyPerLoop', () => {
  const chart = accuracyPerLoop(quick, { chance: 1 / 6 });
  const rows = layers(chart).flatMap((layer) => layer.data?.values ?? []);
  it('draws the mean of the last evaluations', () => {
    const loop4 = quick
      .filter((run) => run.strategy === 'loopLM')
      .map((run) => run.evals.at(-1)?.accuracyPerLoop[3] ?? Number.NaN);
    const drawn = rows.find((row) => row.series === 'LoopLM 1×4' && row.x === 4 && row.n === 3);
    expect(drawn?.mean).toBeCloseTo(loop4.reduce((a, b) => a + b) / 3, 12);
  });
  it('says what it shows', () => {
    expect(chart.caption).toContain('after 800 steps; mean and 95% t interval over 3 seeds');
    expect(chart.caption).toContain("Dashed: the level after a model's last loop.");
    expect(chart.alt).toMatch(/LoopLM 1×4: from 3\d\.\d% to 5\d\.\d%\. Plain 1×1: 3\d\.\d%\./);
    expect(chart.legend?.map((l) => l.name)).toEqual(['LoopLM 1×4', 'Plain 1×1']);
  });
});

it('exitDistribution leaves out models that cannot choose and keeps the colours of the others', () => {
  const chart = exitDistribution(quick);
  expect(chart.legend).toEqual([{ name: 'LoopLM 1×4', color: 0 }]);
  expect(chart.caption).toMatch(/Mean exit after loop \d\.\d\d\./);
  expect(() => exitDistribution(plain)).toThrow(/no run has exits to choose from; train a strategy with a gate/);
});

it('defaultCharts gives what the runs have', () => {
  expect(defaultCharts(quick).map((chart) => chart.id)).toEqual([
    'accuracy-per-loop',
    'learning-accuracy',
    'exit-distribution',
  ]);
  expect(defaultCharts(text).map((chart) => chart.id)).toEqual([
    'bits-per-byte-per-loop',
    'learning-bitsPerByte',
    'exit-distribution',
  ]);
  expect(defaultCharts(plain).map((chart) => chart.id)).toEqual(['accuracy-per-loop', 'learning-accuracy']);
  const empty = quick.map((run) => ({ ...run, evals: [] }));
  expect(() => defaultCharts(empty)).toThrow(/the runs give no chart: no run has an evaluation yet/);
});

it('spreadOut keeps order and distance, and moves nothing that has room', () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(values, (x) => {
      const y = spreadOut(x, 0.1, [0, 1]);
      const order = x.map((_, i) => i).sort((a, b) => (y[a] ?? 0) - (y[b] ?? 0));
      order.slice(1).forEach((i, k) => {
        const below = order[k] ?? 0;
        expect((y[i] ?? 0) - (y[below] ?? 0)).toBeGreaterThan(0.1 - 1e-9);
        expect(x[i]).toBeGreaterThanOrEqual(x[below] ?? 0);
      });
      for (const v of y) expect(v >= -1e-9 && v <= 1 + 1e-9).toBe(true);
    }),
  );
  expect(spreadOut([0.2, 0.5, 0.9], 0.1, [0, 1])).toEqual([0.2, 0.5, 0.9]);
  expect(spreadOut([0.5, 0.5], 0.1, [0, 1])).toEqual([0.55, 0.45]);
});

it('niceDomain holds all values between round ends', () => {
  expect(niceDomain([2.549, 2.96])).toEqual([2.4, 3]);
  expect(niceDomain([0.3, 0.3])).toEqual([0.3, 0.31]); // one value still needs an axis
  expect(niceDomain([4.3668, 4.3672], 0.05)).toEqual([4.34, 4.4]);
  expect(niceDomain([0, 5e-324])).toEqual([0, 0.25]); // closer than any axis could show
  const spread = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 9 });
  fc.assert(
    fc.property(spread, (x) => {
      const [lo, hi] = niceDomain(x);
      expect(lo <= Math.min(...x) + 1e-6 && hi >= Math.max(...x) - 1e-6 && hi > lo).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it('shareDomain ends at a tick', () => {
  expect([0.1, 0.17, 0.53, 0.61, 0.88, 0.995].map((top) => shareDomain(top)[1])).toEqual([0.1, 0.2, 0.6, 0.8, 1, 1]);
});

it('tickFormat has the decimals that ticks need', () => {
  expect(
    [
      [0, 60],
      [0, 6],
      [2, 5],
      [2.4, 3],
      [1.01, 1.05],
    ].map(([lo, hi]) => tickFormat([lo ?? 0, hi ?? 0])),
  ).toEqual(['.0f', '.0f', '.1f', '.1f', '.3f']);
});

it.each([1, 2, 3, 4, 5, 8, 12])('marks each of %i loops on the axis', async (loops) => {
  const at = (run: (typeof quick)[number]) => {
    const evals = run.evals.slice(-1).map((e) => ({ ...e, accuracyPerLoop: Array.from({ length: loops }, () => 0.5) }));
    return { ...run, loops, evals };
  };
  const svg = await renderSvg(accuracyPerLoop(quick.map(at)).spec);
  const labels = [...svg.matchAll(/<text text-anchor="middle"[^>]*>(\d+)<\/text>/g)].map((m) => Number(m[1]));
  expect(labels).toEqual(Array.from({ length: loops }, (_, t) => t + 1));
});

it('draws a run with a single evaluation as points', async () => {
  const young = plain.map((run) => ({ ...run, evals: run.evals.slice(0, 1) }));
  for (const chart of defaultCharts(young)) expect(await renderSvg(chart.spec)).not.toContain('NaN');
});

it('dashes lines whose colour was used before', () => {
  const label = (run: { seed: number; strategy: string }) => `${run.strategy} ${run.seed}`;
  const ten = Array.from({ length: 10 }, (_, seed) => ({ ...(quick[0] ?? expect.fail()), seed, id: `r${seed}` }));
  expect(JSON.stringify(accuracyPerLoop(ten, { label }).spec)).toContain('strokeDash');
  expect(JSON.stringify(accuracyPerLoop(quick).spec)).not.toContain('"strokeDash":{');
});

it('count sets thousands apart', () => {
  expect([800, 9999, 50240, 1434652673].map(count)).toEqual([
    '800',
    '9999',
    '50\u2009240',
    '1\u2009434\u2009652\u2009673',
  ]);
});

function layers(chart: Chart): { data?: { values: Record<string, unknown>[] } }[] {
  return (chart.spec as unknown as { layer: { data?: { values: Record<string, unknown>[] } }[] }).layer; // as lineSpecs makes it
}
