// Checks pictures: the same bytes each time, true text widths, sizes, hostile names, files.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from } from 'arquero';
import { afterAll, describe, expect, it } from 'vitest';
import { defaultCharts } from './charts/defaultCharts.ts';
import { heatMap } from './charts/heatMap.ts';
import { accuracyPerLoop } from './charts/perLoop.ts';
import { loadFonts } from './fonts.ts';
import { readRuns } from './readRun.ts';
import { headedSvg, renderPng, renderSvg, writePng, writeSvg } from './render.ts';
import { writeQuickstart } from './synthetic.test-data.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-render-'));
afterAll(() => rmSync(root, { recursive: true }));
writeQuickstart(join(root, 'quick'));
const runs = readRuns(join(root, 'quick'));
const chart = accuracyPerLoop(runs, { chance: 1 / 6 });

describe('renderSvg', () => {
  it('gives the same bytes each time, also at once', async () => {
    const charts = defaultCharts(runs);
    const once = await Promise.all(charts.map((c) => renderSvg(c.spec)));
    const again = [];
    for (const c of charts) again.push(await renderSvg(c.spec));
    expect(again).toEqual(once);
    expect(await renderPng(chart.spec)).toEqual(await renderPng(chart.spec));
  });

  it('is an SVG of the size asked for, with Inter inside and no numbers missing', async () => {
    const svg = await renderSvg(chart.spec, { width: 600, height: 300 });
    expect(svg).toMatch(/^<svg[^>]* width="600" height="300"/);
    expect(svg).toContain('@font-face{font-family:Inter;');
    expect(svg).not.toMatch(/NaN|undefined|null|https?:\/\/(?!www\.w3\.org)/);
    const bare = await renderSvg(chart.spec, { embedFont: false });
    expect(bare).not.toContain('@font-face');
    expect(bare.length).toBeLessThan(20_000);
  });

  it('is 5.5 inches wide on paper, with 8 pt labels', async () => {
    const svg = await renderSvg(chart.spec, { theme: 'paper', height: 150, mode: 'dark' });
    expect(svg).toMatch(/ width="396pt" height="150pt"/);
    expect(svg).toContain('font-size="8px"'); // one px of the picture is one pt on paper
    expect(svg).toContain('fill="#FFFFFF"'); // paper is never dark
  });

  it('has its own ground in the dark', async () => {
    const [light, dark] = await Promise.all([renderSvg(chart.spec), renderSvg(chart.spec, { mode: 'dark' })]);
    expect(light).toContain('#0072B2');
    expect(dark).toContain('#56B4E9');
    expect(dark).toContain('#14181D');
  });

  it('keeps the ids of several pictures apart', async () => {
    const clipped = { ...chart.spec, view: { clip: true } } as unknown as typeof chart.spec;
    const svg = await renderSvg(clipped, { idPrefix: 'f1-', embedFont: false });
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map((m) => m[1] ?? '');
    for (const id of ids) expect(id).toMatch(/^f1-/);
    for (const [, id] of svg.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  it('escapes names from data', async () => {
    const hostile = accuracyPerLoop(runs, { label: (run) => `</text><script>alert("${run.strategy}")</script>&amp;'` });
    const svg = await renderSvg(hostile.spec, { alt: hostile.alt, title: { text: '<b>"x"', subtitle: '</svg>' } });
    expect(svg).not.toMatch(/<script|<b>|<\/svg>./);
    expect(svg).toContain('&lt;script&gt;');
  });

  it('says what cannot be drawn', async () => {
    await expect(renderSvg({ mark: 'nonsense' } as never)).rejects.toThrow(/^the chart cannot be drawn: /);
  });
});

it('measures Inter, not a stand-in', async () => {
  const { measure } = await loadFonts();
  // Inter's advance widths are 2048ths of an em in its own table: H 1523, i 496, space 576 (regular)
  const em = 100;
  expect(measure('HHHH', `400 ${em}px Inter`)).not.toBeCloseTo(measure('HHHH', `400 ${em}px serif`), 0);
  expect(measure('HHHH', `600 ${em}px Inter`)).toBeGreaterThan(measure('HHHH', `400 ${em}px Inter`));
});

it('writes files, making folders, and says where it cannot', async () => {
  await writeSvg(join(root, 'deep', 'a.svg'), chart);
  await writePng(join(root, 'deep', 'a.png'), chart, { scale: 1, width: 300, height: 200 });
  const svg = readFileSync(join(root, 'deep', 'a.svg'), 'utf8');
  expect(svg).toContain('>Accuracy after each loop<');
  expect(svg).toContain('role="img" aria-label="Line chart of accuracy');
  const png = readFileSync(join(root, 'deep', 'a.png'));
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([300, 200]);
  await expect(writeSvg(join(root, 'deep', 'a.svg', 'b.svg'), chart)).rejects.toThrow(
    /cannot write .*b\.svg .*; choose another place/,
  );
});

it('breaks a caption earlier where long tick labels push it to the right', async () => {
  const caption = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
  const longest = async (label: string): Promise<number> => {
    const table = from([1, 2].map((x) => ({ x, y: label, value: x / 4 })));
    const axis = (field: string) => ({ field, title: field });
    const map = heatMap(table, {
      ...{ id: 'wide', title: 'Wide', caption },
      ...{ x: axis('x'), y: axis('y'), value: axis('value') },
    });
    const svg = await headedSvg(map, { width: 600 });
    return Math.max(...[...svg.matchAll(/>((?:word\d+ ?)+)/g)].map(([, line = '']) => line.length));
  };
  expect(await longest('a name that takes much of the room there is')).toBeLessThan((await longest('short')) - 20);
});
