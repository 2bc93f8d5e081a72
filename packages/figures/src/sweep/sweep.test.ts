// Sweeps are read as they were left, judged by closed forms, and said in words that keep to the numbers.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FiguresError } from '../run.ts';
import type { Setting } from '../settings.ts';
import { writeQuickstart, writeSyntheticSweep } from '../synthetic.test-data.ts';
import { axesOf } from './axes.ts';
import { importances, uniqueShares } from './importance.ts';
import { levelsOf, ranked, separation } from './judge.ts';
import { writeGrid, writeSearch } from './madeUp.test-data.ts';
import { methodsParagraph } from './methods.ts';
import { readSweep } from './readSweep.ts';
import { verdictOf } from './verdict.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-sweep-report-'));
afterAll(() => rmSync(root, { recursive: true }));
const gridDir = writeGrid(root);
const grid = readSweep(gridDir);
const search = readSweep(writeSearch(root));
writeQuickstart(join(root, 'quick'));
const quick = readSweep(join(root, 'quick'));

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** What a run's own file says last. */
function lastAccuracy(run: string): number {
  const lines = readFileSync(join(root, 'made-up', run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line)).findLast((line) => line.kind === 'eval').accuracy;
}

describe('a sweep is read', () => {
  it('with its points as configurations and their runs as seeds', () => {
    expect(grid.configurations).toHaveLength(12);
    expect(grid.axes.map((a) => [a.label, a.short, a.values, a.scale])).toEqual([
      ['model.loops', 'loops', [1, 2, 4, 8], 'log2'],
      ['train.lr', 'lr', [3e-4, 1e-3, 3e-3], 'log10'],
    ]);
    const [first] = grid.configurations;
    expect(first?.name).toBe('loops 1, lr 0.0003');
    const values = (first?.runs ?? []).map((r) => lastAccuracy(r.id));
    expect(values).toHaveLength(3);
    expect(first?.result.mean).toBeCloseTo(mean(values), 12);
    expect(grid.manifest).toMatchObject({ id: 'a1b2c3d4e5f6', source: 'experiments/made-up/study.ts', scale: 'small' });
  });

  it.each(['a sweep', 'a folder'])('with runs whose process is gone as those say who know: %s', (what) => {
    const dir = writeSyntheticSweep(join(root, `gone in ${what}`), {
      id: 'e1',
      points: [{ point: { 'model.loops': 2 }, seeds: [0, 1], reach: () => 0.4, fate: () => ({ status: 'running' }) }],
    });
    const gone = { status: 'failed', cause: 'infra', error: 'its process is gone' };
    const sweep = readSweep(what === 'a sweep' ? dir : join(dir, '..', '..'), (run) =>
      run.endsWith('1') ? gone : undefined,
    );
    const runs = sweep.configurations.flatMap((c) => c.runs);
    expect(runs.map((r) => [r.state, r.cause])).toEqual([
      ['running', undefined],
      ['failed', 'infra'],
    ]);
  });

  it('with what failed, and only what finished in the means', () => {
    const of = (name: string) => grid.configurations.find((c) => c.name === name);
    expect(of('loops 8, lr 0.001')?.result.n).toBe(2);
    expect(of('loops 8, lr 0.001')?.runs[1]).toMatchObject({
      state: 'failed',
      cause: 'infra',
      error: 'killed by SIGKILL',
    });
    expect(of('loops 8, lr 0.003')?.result.n).toBe(0);
    expect(search.configurations[12]?.runs[0]?.state).toBe('planned');
    expect(search.axes.map((a) => a.scale)).toEqual(['log10', 'linear', 'linear', 'ordinal']);
  });

  it('up to a torn line of its journal, and with folders that cannot be read', () => {
    const dir = writeSyntheticSweep(join(root, 'torn'), {
      id: 'd1',
      points: [0, 1].map((x) => ({ point: { 'train.lr': x }, seeds: [0], reach: () => 0.3 })),
    });
    writeFileSync(join(root, 'torn', 'd100010000', 'config.json'), '{ "half": ');
    appendFileSync(join(dir, 'journal.jsonl'), '{"kind":"job","job":2,"tr');
    const torn = readSweep(dir);
    expect(torn.configurations.map((c) => c.runs[0]?.state)).toEqual(['finished', 'unreadable']);
    expect(torn.configurations[1]?.runs[0]?.error).toContain('is not JSON');
  });

  it('or a folder of runs, by what their configurations differ in', () => {
    expect(quick.manifest).toBeUndefined();
    expect(quick.configurations).toHaveLength(2);
    expect(ranked(quick)[0]?.result.n).toBe(3);
  });

  it.each([
    ['a manifest without its plan', '{"id":"x"}', /is not a sweep's manifest \(spec: /],
    ['a manifest that is cut off', '{"id":', /sweep\.json cannot be read/],
    ['a folder without runs', undefined, /no run in/],
  ] as const)('but not %s', (_, manifest, message) => {
    const dir = mkdtempSync(join(root, 'bad-'));
    if (manifest !== undefined) writeFileSync(join(dir, 'sweep.json'), manifest);
    expect(() => readSweep(dir)).toThrow(FiguresError);
    expect(() => readSweep(dir)).toThrow(message);
    expect(() => readSweep(join(dir, 'gone'))).toThrow(/there is no folder .*gone/);
  });

  it('but not before it has chosen a run', () => {
    const dir = join(root, 'early', 'sweeps', 'e1');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'sweep.json'), readFileSync(join(gridDir, 'sweep.json')));
    expect(() => readSweep(dir)).toThrow(/has not chosen a run yet/);
  });
});

describe('axes', () => {
  const of = (...rows: Record<string, Setting>[]) => axesOf(rows.map((row) => new Map(Object.entries(row))));
  it('are one where settings always change together', () => {
    const [axis, more] = of({ 'model.layers': 2, 'model.loops': 6 }, { 'model.layers': 3, 'model.loops': 4 });
    expect(axis?.axis).toMatchObject({
      label: 'model.layers, model.loops',
      values: ['2, 6', '3, 4'],
      scale: 'ordinal',
    });
    expect(more).toBeUndefined();
  });
  it('leave out what a variant decides, and keep what varies within it', () => {
    const rows = ['a', 'b'].flatMap((variant) =>
      [1, 2].map((lr) => ({ variant, 'model.loops': variant === 'a' ? 4 : 1, lr })),
    );
    expect(of(...rows).map((p) => p.axis.label)).toEqual(['variant', 'lr']);
  });
  it('say what configurations do not have', () => {
    expect(of({ a: 1, b: 2 }, { a: 1 }, { a: 3, b: 4 })[1]?.at).toEqual([2, undefined, 4]);
  });
  it('are several where each value was drawn', () => {
    const rows = [0, 1, 2].map(
      (i) =>
        new Map<string, Setting>([
          ['lr', i / 10],
          ['decay', i / 7],
        ]),
    );
    const drawn = new Map([
      ['lr', 'by magnitude'],
      ['decay', 'evenly'],
    ] as const);
    expect(axesOf(rows, drawn).map((p) => p.axis.label)).toEqual(['lr', 'decay']);
    expect(axesOf(rows).map((p) => p.axis.label)).toEqual(['lr, decay']);
  });
  it('have the whole key where the last part is not enough', () => {
    const rows = [1, 2].flatMap((x) => [1, 2].map((y) => ({ 'a.rate': x, 'b.rate': y })));
    expect(of(...rows).map((p) => p.axis.short)).toEqual(['a.rate', 'b.rate']);
  });
});

describe('the share of variance of a setting', () => {
  it('is the classical share in a balanced design', () => {
    // y = a + b: sums of squares 2 * 2 and 6 * 1.5^2 of 17.5
    const cells = [0, 1, 2].flatMap((a) => [0, 3].map((b) => ({ a, b })));
    const [a, b] = uniqueShares(
      cells.map((c) => c.a + c.b),
      [cells.map((c) => c.a), cells.map((c) => c.b)],
    );
    expect(a).toBeCloseTo(4 / 17.5, 12);
    expect(b).toBeCloseTo(13.5 / 17.5, 12);
  });
  it('is epsilon squared for one setting: less what noise gives', () => {
    // groups 1 2 and 3 5: total 8.75, within 2.5, so (6.25 - 2.5 / 2) / 8.75
    expect(uniqueShares([1, 2, 3, 5], [[0, 0, 1, 1]])[0]).toBeCloseTo(5 / 8.75, 12);
  });
  it('is that of neither of two settings that change together', () => {
    const same = [0, 0, 1, 1];
    expect(uniqueShares([1, 2, 3, 5], [same, same])).toEqual([0, 0]);
  });
  it('is not known where nothing is left over', () => {
    expect(uniqueShares([1, 2], [[0, 1]])).toEqual([Number.NaN]);
  });
  it('finds what made the numbers', () => {
    // loops add 0.08 a doubling, learning rates take 0.05 at most
    expect(importances(grid).map((i) => i.axis.short)).toEqual(['loops', 'lr']);
    expect(importances(grid)[0]?.share).toBeGreaterThan(0.8);
    expect(importances(grid)[1]?.best.name).toBe('0.001');
    const [loops] = importances(search);
    expect([loops?.axis.label, loops?.best.name, loops?.worst.name]).toEqual(['model.loops', '4', '1']);
  });
});

describe('configurations are told apart', () => {
  it('by their lead, seed by seed and by their intervals', () => {
    const [first, second] = ranked(grid);
    expect(first?.name).toBe('loops 8, lr 0.001');
    if (!first || !second) return;
    const { lead, paired, overlap } = separation(first, second, grid.metric);
    expect(lead).toBeCloseTo(first.result.mean - second.result.mean, 12);
    // only seeds 0 and 2 finished in both
    const differences = [0, 2].map(
      (s) => lastAccuracy(first.runs[s]?.id ?? '') - lastAccuracy(second.runs[s]?.id ?? ''),
    );
    expect(paired).toMatchObject({ n: 2, lo: Math.min(...differences), hi: Math.max(...differences) });
    expect(overlap).toBe(first.result.lo <= second.result.hi);
  });
  it('with the lowest first where that is better', () => {
    const means = ranked(search).map((c) => c.result.mean);
    expect(means).toEqual([...means].sort((a, b) => a - b));
    expect(means).toHaveLength(22);
  });
  it('and averaged over the others for each value of a setting, with an interval over common seeds', () => {
    const [axis] = grid.axes;
    if (!axis) return;
    const [one, , , eight] = levelsOf(axis, grid);
    // balanced: the mean over seeds of means over learning rates is the mean of all
    const all = grid.configurations.slice(0, 3).flatMap((c) => c.runs.map((r) => lastAccuracy(r.id)));
    expect(one?.result.mean).toBeCloseTo(mean(all), 12);
    expect(one?.result.n).toBe(3);
    expect(eight?.result.lo).toBeNaN(); // a seed of one of them is missing
  });
});

describe('in words', () => {
  it('says what is best, by how much, and what the seeds say about it', () => {
    expect(verdictOf(grid)).toMatch(
      /^Best: loops 8, lr 0\.001\. Held-out accuracy of \d\d\.\d% \(\d\d\.\d% to \d\d\.\d%\), 2 seeds; \d\.\d points ahead of loops 8, lr 0\.0003 \(over 2 common seeds: .* points\)\. Its interval overlaps that of loops 8, lr 0\.0003: these seeds do not tell them apart\. It was picked as the best of 11 /,
    );
    expect(verdictOf(search)).toContain(
      'With one seed a configuration, nothing is known about the spread between seeds.',
    );
    expect(verdictOf(quick)).toMatch(/Its interval overlaps no other\.$/);
  });
  it('tells the methods', () => {
    const text = methodsParagraph(grid);
    for (const part of [
      'The study made-up comprises 36 runs, 12 configurations with 3 seeds (0, 1 and 2) each: a grid over model.loops (1, 2, 4, 8) and train.lr (0.0003, 0.001, 0.003).',
      'transformers of 2 layers, width 64, 4 heads and inner width 176 applied a varied number of times',
      'the objective entropyRegularised (beta 0.05), on the task groupWords (group S3, seq 16)',
      'with AdamW: 400 updates, 128 rows an update, varied learning rates (cosine after 50 updates of warm-up), weight decay 0.1 and gradients clipped at norm 1.',
      'evaluations are made every 50 updates. The sweep looks for the highest value.',
      'Example CPU @ 2.6 GHz, 2 cores, Node 24.21.0 (device cpu, 2 threads) from commit 4f1c2a9d7be0',
    ])
      expect(text).toContain(part);
    expect(methodsParagraph(search)).toContain(
      'points that a tree-structured Parzen estimator proposed for train.lr (29 values',
    );
  });
});
