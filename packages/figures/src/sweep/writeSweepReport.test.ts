// The report of a sweep: whole, self-contained, the same each time, safe against hostile names, and alive in a real browser.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import * as vegaLite from 'vega-lite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Chart } from '../chart.ts';
import { writeSyntheticSweep } from '../synthetic.test-data.ts';
import { ranked } from './judge.ts';
import { writeGrid, writeSearch } from './madeUp.test-data.ts';
import { readSweep } from './readSweep.ts';
import { sweepCharts } from './sweepCharts.ts';
import { sweepReportHtml, writeSweepReport } from './writeSweepReport.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-sweep-page-'));
afterAll(() => rmSync(root, { recursive: true, maxRetries: 5 }));
const gridDir = writeGrid(root);
const grid = readSweep(gridDir);
const search = readSweep(writeSearch(root));
const variants = readSweep(
  writeSyntheticSweep(join(root, 'arms'), {
    id: 'c1',
    search: { id: 'study' },
    points: ['looped', 'plain', 'gated'].map((variant, i) => ({
      point: { variant },
      seeds: [0, 1],
      reach: (seed) => 0.3 + 0.1 * i + 0.01 * seed,
    })),
  }),
);

const attack = `</script><img src=x onerror="document.title='owned'"><!--<script>'"&`;
const hostile = writeSyntheticSweep(join(root, 'hostile'), {
  id: 'd1',
  search: { id: attack },
  points: [attack, 'b'].map((variant) => ({
    point: { variant, [attack]: attack },
    seeds: [0],
    reach: () => 0.3,
    fate: () => (variant === 'b' ? { status: 'failed', error: attack } : { status: 'finished' }),
  })),
});

const valuesOf = (chart: Chart | undefined): Record<string, unknown>[] =>
  (JSON.stringify([chart?.spec, chart?.panels]).match(/"values":(\[\{.*?\}\])/g) ?? []).flatMap((text) =>
    JSON.parse(text.slice(9)),
  );

describe('the charts', () => {
  it.each([
    ['a grid', grid, ['settings', 'map', 'accuracy-per-loop', 'curves', 'cost']],
    ['a search', search, ['settings', 'together', 'accuracy-per-loop', 'curves', 'cost']],
    ['variants', variants, ['ranking', 'accuracy-per-loop', 'curves']],
  ] as const)('of %s compile without a warning', (_, sweep, ids) => {
    const charts = sweepCharts(sweep);
    expect(charts.map((c) => c.id)).toEqual(ids);
    const warnings: unknown[] = [];
    const note = (...args: unknown[]) => {
      warnings.push(args);
      return logger;
    };
    const logger = { warn: note, error: note, info: () => logger, debug: () => logger, level: () => logger };
    for (const { spec, compact, panels } of charts) {
      // the logger's type asks for overloads that are never called
      for (const s of [spec, compact ?? spec, ...(panels ?? []).map((p) => p.spec)])
        vegaLite.compile(s, { logger: logger as never });
    }
    expect(warnings).toEqual([]);
  });

  it('hold the means of the configurations, and crosses where none finished', () => {
    const [settings, map] = sweepCharts(grid);
    const best = ranked(grid)[0]?.result;
    expect(settings?.panels?.map((p) => p.title)).toEqual(['model.loops', 'train.lr']);
    expect(valuesOf(settings).find((v) => v.kind === 'the best one')).toMatchObject({
      y: best?.mean,
      lo: best?.lo,
      n: 2,
    });
    expect(
      valuesOf(settings)
        .filter((v) => v.name === 'loops 8, lr 0.003')
        .map((v) => v.x),
    ).toContain(8);
    expect(settings?.caption).toContain('Crosses at the foot: no run finished there.');
    expect(valuesOf(map).find((v) => v.x === 8 && v.y === 0.001)?.mean).toBeCloseTo(best?.mean ?? Number.NaN, 12);
  });
});

describe('the charts of a sweep that has finished nothing', () => {
  const running = readSweep(
    writeSyntheticSweep(join(root, 'running'), {
      id: 'e1',
      points: Array.from({ length: 7 }, (_, i) => ({
        point: { variant: `a variant with a rather long name, number ${i}` },
        seeds: [0],
        reach: () => 0.3 + 0.1 * i,
        fate: () => ({ status: i === 0 ? 'planned' : 'running' }),
      })),
    }),
  );

  it('rank nothing and number nothing', () => {
    const [curves, more] = sweepCharts(running);
    expect(more).toBeUndefined();
    expect(curves?.title).toBe('Over training: 5 of 6');
    expect(curves?.caption).not.toContain('Numbers are those of the table');
    expect(curves?.legend?.map((l) => l.name)).toEqual(
      [1, 2, 3, 4, 5].map((i) => `a variant with a rather long name, number ${i}`),
    );
  });
});

it('settings that all answer everything right have an axis', () => {
  const perfect = readSweep(
    writeSyntheticSweep(join(root, 'perfect'), {
      id: 'f1',
      points: [1, 2, 4].map((lr) => ({ point: { 'train.lr': lr }, seeds: [0], reach: () => 0 })),
    }),
  );
  const configurations = perfect.configurations.map((c) => ({ ...c, result: { ...c.result, mean: 1 } }));
  const [settings] = sweepCharts({ ...perfect, configurations });
  expect(JSON.stringify(settings?.spec)).toContain('"domain":[0.9,1]');
});

it('configurations are read by loop where their evaluations were, whatever the model has', () => {
  const silent = writeSyntheticSweep(join(root, 'silent'), {
    id: 'g1',
    points: [1, 2].map((lr) => ({ point: { 'train.lr': lr, 'model.loops': 1 }, seeds: [0], reach: () => 0.3 })),
  });
  const of = (loops: number) => {
    const sweep = readSweep(silent);
    const configurations = sweep.configurations.map((c) => ({
      ...c,
      runs: c.runs.map((r) => (r.run ? { ...r, run: { ...r.run, loops } } : r)),
    }));
    return sweepCharts({ ...sweep, configurations }).map((c) => c.id);
  };
  expect(of(7)).not.toContain('accuracy-per-loop'); // read at its end alone
});

describe('a report', () => {
  it('says what came out, why, what failed and where it came from', async () => {
    const html = await sweepReportHtml(grid);
    for (const text of [
      '<h1>Made-up</h1>',
      'LoopLab report: sweep a1b2c3d4e5f6',
      '32 of 36',
      '1 failed, 3 diverged',
      '<td class="text">failed by the machine</td>',
      'the loss is NaN at step 150; lower train.lr',
      '150 of 400',
      'The study made-up comprises 36 runs',
      'pnpm looplab sweep experiments/made-up/study.ts --scale small --set train.batch=128',
      'a1b2c3d4e5f6, begun 2026-11-24 08:00:00 UTC',
      'commit 4f1c2a9d7be0',
      'All 36 runs',
    ])
      expect(html).toContain(text);
    expect(html).not.toContain('are not over yet');
    expect(await sweepReportHtml(search)).toContain('1 of 30 runs are not over yet.');
    expect(await sweepReportHtml(search)).toContain('Stopped early: 7 runs');
  });

  it('is the same each time and asks for nothing from outside', async () => {
    const html = await sweepReportHtml(grid);
    expect(await sweepReportHtml(readSweep(gridDir))).toBe(html);
    const page = html.replace(/<script>[\s\S]*?<\/script>/g, '').replace(/<script id="charts"[\s\S]*?<\/script>/, '');
    expect(page).not.toMatch(/\s(src|href|srcset|action)=/);
    expect(page.replace(/url\(data:font[^)]*\)/g, '')).not.toMatch(/url\((?!#)|@import/);
  });

  it('shows names from data as text', async () => {
    const html = await sweepReportHtml(readSweep(hostile));
    expect(html.replace(/<script>[\s\S]*?<\/script>/g, '')).not.toContain('<img');
    expect(html.match(/<\/script/g)?.length).toBe(5);
    expect(html).toContain('&lt;img src=x onerror=&quot;');
  });
});

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
describe.skipIf(browser === undefined)(
  browser ? 'in a browser' : 'skipped: needs Chromium, run tools/setup-chromium.sh',
  () => {
    const path = join(root, 'grid.html');
    const hostilePath = join(root, 'hostile.html');
    const screenshots = join(import.meta.dirname, '..', '..', '..', '..', '.cache', 'screenshots');
    const page = { light: 'rgb(246, 247, 249)', dark: 'rgb(13, 16, 20)' }; // as in style.ts
    let opened: Awaited<ReturnType<typeof chromium.launch>>;
    beforeAll(async () => {
      await writeSweepReport({ dir: gridDir, out: path });
      await writeSweepReport({ dir: hostile, out: hostilePath });
      opened = await chromium.launch({
        executablePath: browser ?? '',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'],
      });
    });
    afterAll(() => opened.close());

    const withPage = async (
      file: string,
      width: number,
      colorScheme: 'light' | 'dark',
      f: (tab: Page) => Promise<void>,
    ) => {
      const tab = await opened.newPage({ viewport: { width, height: 900 }, colorScheme });
      const problems: string[] = [];
      tab.on('pageerror', (error) => problems.push(error.message));
      tab.on('console', (line) => line.type() === 'error' && problems.push(line.text()));
      await tab.goto(`file://${file}`);
      await tab.waitForFunction(() => !document.querySelector('.plot .still'), undefined, { timeout: 20_000 });
      await f(tab);
      expect(problems).toEqual([]);
      await tab.close();
    };

    it.each([
      [1280, 'light'],
      [1280, 'dark'],
      [390, 'light'],
      [390, 'dark'],
    ] as const)(
      'is alive and fits at %i px, %s; for people to look at: .cache/screenshots',
      (width, scheme) =>
        withPage(path, width, scheme, async (tab) => {
          await tab.screenshot({ path: join(screenshots, `sweep-${width}-${scheme}.png`), fullPage: true });
          expect(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(page[scheme]);
          expect(await tab.locator('.vega-embed').count()).toBe(6); // two panels, four charts
          expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
          const widest = await tab.evaluate(() =>
            Math.max(...[...document.querySelectorAll('.plot')].map((p) => p.scrollWidth - p.clientWidth)),
          );
          expect(widest).toBeLessThanOrEqual(1);
        }),
      40_000,
    );

    it(
      'orders rows by a heading',
      () =>
        withPage(path, 1280, 'light', async (tab) => {
          const heading = tab.locator('.sortable').first().locator('th', { hasText: 'train.lr' });
          const column = () => tab.locator('.sortable').first().locator('tbody td:nth-child(3)').allTextContents();
          await heading.click();
          expect((await column()).map(Number)).toEqual([...(await column()).map(Number)].sort((a, b) => b - a));
          await heading.press('Enter');
          expect((await column()).map(Number)).toEqual([...(await column()).map(Number)].sort((a, b) => a - b));
          expect(await heading.getAttribute('aria-sort')).toBe('ascending');
        }),
      40_000,
    );

    it(
      'runs nothing that comes from data',
      () =>
        withPage(hostilePath, 1280, 'light', async (tab) => {
          expect(await tab.title()).not.toBe('owned');
          expect(await tab.locator('img').count()).toBe(0);
        }),
      40_000,
    );

    it('is a file of its own', () => {
      expect(readFileSync(path, 'utf8').length).toBeGreaterThan(500_000);
    });
  },
);
