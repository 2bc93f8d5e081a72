// The analyze command on a real, tiny run: tables, report, what does not apply, what is refused.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { looplab } from './looplab.test-process.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-analyze-'));
const results = join(root, 'results');
afterAll(() => rmSync(root, { recursive: true }));
let runs: string[] = [];

beforeAll(async () => {
  const tiny = ['run', 'experiments/quickstart', '--scale', 'tiny', '--results', results, '--threads', '1'];
  expect((await looplab(tiny)).code).toBe(0);
  const study = join(results, 'quickstart');
  runs = readdirSync(study)
    .map((name) => join(study, name))
    .filter((path) => existsSync(join(path, 'config.json')));
  expect(runs).toHaveLength(2);
}, 120_000);

const analyze = (...args: string[]) => looplab(['analyze', ...args, '--rows', '32', '--threads', '1']);

it('keeps every analysis in the run and shows them on one page', { timeout: 180_000 }, async () => {
  const looped = runs.find((r) => readFileSync(join(r, 'config.json'), 'utf8').includes('loopLM')) ?? '';
  const { code, out } = await analyze(looped, '--all', '--json');
  expect(code).toBe(0);
  const [done] = JSON.parse(out);
  const ids = done.analyses.map((a: { id: string }) => a.id);
  expect(ids).toEqual(expect.arrayContaining(['agreement', 'depth', 'earlyExit', 'geometry', 'kvSharing', 'probes']));
  expect(done.analyses.find((a: { id: string }) => a.id === 'capacity').skipped).toMatch(/^does not apply: /);
  const report = readFileSync(done.report, 'utf8');
  for (const text of ['Agreement between loops', 'The logit lens', 'What does not apply'])
    expect(report).toContain(text);
  expect(report).not.toMatch(/(src|href)="https?:/);

  const before = statSync(join(looped, 'artifacts/analysis/depth.json')).mtimeMs;
  const again = await analyze(looped, '--all');
  expect(again.err).not.toContain('depth');
  expect(statSync(join(looped, 'artifacts/analysis/depth.json')).mtimeMs).toBe(before);
});

it('reports the rest where an analysis needs more rows, and says so where it was asked for by name', async () => {
  const run = runs.find((r) => readFileSync(join(r, 'config.json'), 'utf8').includes('loopLM')) ?? '';
  const few = (...what: string[]) => looplab(['analyze', run, ...what, '--rows', '16', '--threads', '1', '--json']);
  const { code, out } = await few('--all');
  expect(code).toBe(0);
  const [done] = JSON.parse(out);
  const skipped = (id: string) => done.analyses.find((a: { id: string }) => a.id === id).skipped;
  expect(skipped('probes')).toMatch(/^does not apply: a probe with 5 folds needs at least 25 independent rows/);
  expect(skipped('agreement')).toBeUndefined();
  const named = await few('--only', 'probes', '--again');
  expect([named.code, named.err]).toEqual([2, expect.stringContaining('(got 16); raise rows')]);
}, 120_000);

it('probes by logistic regression where that is asked for', { timeout: 120_000 }, async () => {
  const [run = ''] = runs;
  const read = () => JSON.parse(readFileSync(join(run, 'artifacts/analysis/probes.json'), 'utf8'));
  for (const [kind, says] of [
    ['ridge', /^Ridge/],
    ['logistic', /^Logistic/],
  ] as const) {
    const { code } = await analyze(run, '--only', 'probes', '--probe', kind);
    expect(code).toBe(0);
    expect(read().notes[0]).toMatch(says);
  }
  expect(read().settings.probe).toBe('logistic');
});

it('collects one table over all runs of a folder', { timeout: 120_000 }, async () => {
  const { code } = await analyze(join(results, 'quickstart'), '--only', 'depth', '--collect', join(root, 'data'));
  expect(code).toBe(0);
  const rows = readFileSync(join(root, 'data/depth-loops.csv'), 'utf8').trim().split('\n');
  expect(rows[0]).toMatch(/^variant,seed,loop,/);
  expect(rows.length).toBeGreaterThan(4);
});

it('compares latent steps with a run that writes, by the clock too', { timeout: 180_000 }, async () => {
  const tiny = ['run', 'experiments/cot-vs-latent', '--scale', 'tiny', '--results', results, '--threads', '1'];
  expect((await looplab(tiny)).code).toBe(0);
  const study = join(results, 'cot-vs-latent');
  const { code } = await analyze(study, '--only', 'cotBaseline', '--writer', study, '--collect', join(root, 'cot'));
  expect(code).toBe(0);
  const [head = '', ...rows] = readFileSync(join(root, 'cot/cotBaseline-cost.csv'), 'utf8').trim().split('\n');
  const at = head.split(',').indexOf('milliseconds');
  for (const row of rows) expect(Number(row.split(',')[at])).toBeGreaterThan(0);
});

it.each([
  [[], 'say which analyses: --all, or --only with one of'],
  [['--only', 'dept'], 'there is no analysis dept; did you mean depth?'],
  [['--all', '--rows', '0'], '--rows'],
  [['--all', '--collect', '/proc/x'], 'choose another with --collect'],
])('refuses %j', async (args, message) => {
  const { code, err } = await looplab(['analyze', runs[0] ?? '', ...args]);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

it('says that a folder holds no run', async () => {
  const empty = mkdtempSync(join(root, 'empty-'));
  const { code, err } = await analyze(empty, '--all');
  expect(code).toBe(2);
  expect(err).toContain(`no run in ${empty}`);
});
