// Every study trains at its tiny scale, each of its variants and seeds, on the compiled engine.
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { useDevice } from '@looplab/engine';
import { runStudy, type Study } from '@looplab/train';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const results = mkdtempSync(join(tmpdir(), 'looplab-studies-'));
beforeAll(() => useDevice({ kind: 'onnx', threads: 1 }));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const files = globSync('experiments/*/study.ts', { cwd: root }).sort();

it('there are studies', () => {
  expect(files.length).toBeGreaterThan(1);
});

// the largest has a run for each strategy, and compiling one takes about a second
it.each(files.map((file) => [basename(dirname(file)), file]))('%s', { timeout: 300_000 }, async (name, file) => {
  const { default: study }: { default: Study } = await import(join(root, file));
  expect(study.name, 'a study is called as its folder').toBe(name);
  const { runs } = await runStudy({ study, scale: 'tiny', results, source: join(root, file) });
  expect(runs.map((r) => r.error).filter(Boolean)).toEqual([]);
  expect(runs.map((r) => r.status)).toEqual(runs.map(() => 'finished'));
  for (const run of runs) expect(Number.isFinite(run.loss)).toBe(true);
});
