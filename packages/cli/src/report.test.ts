// A real sweep reported and its runs collected through the command, and what is refused.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromCSV } from 'arquero';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { looplab } from './looplab.test-process.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const root = mkdtempSync(join(tmpdir(), 'looplab-cli-report-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));
const results = join(root, 'results');
const at = ['--results', results];

interface Row {
  readonly run: string;
  readonly accuracy: number;
}
let id = '';
let rows: readonly Row[] = [];
beforeAll(async () => {
  const axes = ['--grid', 'model.dFF=16,32', '--set', 'variants.plain.model.loops=1', '--grid', 'variant=plain'];
  const tiny = ['--scale', 'tiny', '--device', 'cpu', '--code', 'test', '--json'];
  const { out } = await looplab(['sweep', 'experiments/quickstart/study.ts', ...axes, ...tiny, ...at]);
  ({ id, rows } = JSON.parse(out));
});

it('reports a sweep by its id and a study by its name, with the numbers of their runs', async () => {
  const { code, out } = await looplab(['report', id.slice(0, 5), ...at]);
  expect({ code, out }).toEqual({
    code: 0,
    out: `Report: ${join(results, 'quickstart', 'sweeps', id, 'report.html')}\n`,
  });
  const html = readFileSync(out.trim().slice('Report: '.length), 'utf8');
  expect(rows).toHaveLength(2);
  for (const { run, accuracy } of rows) {
    expect(html).toContain(run);
    expect(html).toContain(`>${(accuracy * 100).toFixed(1)}%</td>`);
  }
  expect(html).toContain('a grid over model.dFF (16, 32)');
  expect(html).toContain('--grid model.dFF=16,32 --grid variant=plain --scale tiny');
  const study = await looplab(['report', 'quickstart', ...at, '--json']);
  expect(JSON.parse(study.out)).toMatchObject({ path: join(results, 'quickstart', 'runs.html') });
});

it("collects runs as a study's data", async () => {
  const study = join(root, 'experiments', 'small');
  mkdirSync(join(study, 'data'), { recursive: true });
  symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
  cpSync(join(import.meta.dirname, 'fixtures/collected.ts'), join(study, 'figures.ts'));
  const from = [
    'figures',
    'small',
    '--experiments',
    join(root, 'experiments'),
    '--collect',
    join(results, 'quickstart'),
  ];
  expect(await looplab(from)).toMatchObject({ code: 0 });
  const table = fromCSV(readFileSync(join(study, 'data', 'runs.csv'), 'utf8'));
  expect(table.array('run')).toEqual(rows.map((r) => r.run).sort());
  expect(table.array('code')).toEqual(['test', 'test']);
  const accuracies = rows.map((r) => Number(r.accuracy.toPrecision(6)));
  expect((table.array('accuracy') as number[]).sort()).toEqual(accuracies.sort());
  expect(readdirSync(join(study, 'figures'))).toHaveLength(9);
});

it('says which folder the data of a study cannot be written to', async () => {
  const study = join(root, 'experiments', 'other');
  mkdirSync(study, { recursive: true });
  cpSync(join(import.meta.dirname, 'fixtures/collected.ts'), join(study, 'figures.ts'));
  writeFileSync(join(study, 'data'), 'a file');
  const { code, err } = await looplab(['figures', study, '--collect', join(results, 'quickstart')]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /cannot write to folder .*data: a part of the path is a file.*; make it writable, or name another study/,
  );
});

it.each([
  [['report', 'nothing', ...at], /there is no folder nothing, no study .* and no sweep nothing under/],
  [['report', 'experiments', ...at], /no run in experiments: a run is a folder with a config\.json/],
  [['figures', 'all', '--collect', results], /--collect takes the numbers of one study/],
] as const)('refuses %j', async (args, message) => {
  const { code, err } = await looplab([...args]);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
