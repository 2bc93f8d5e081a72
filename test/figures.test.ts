// Every figure of every study is what its committed data give, to the byte.
import { globSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { checkFigure, type Figure } from '@looplab/figures';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const studies = globSync('experiments/*/figures.ts', { cwd: root }).sort();

it('there are studies with figures', () => {
  expect(studies.map((file) => basename(dirname(file)))).toEqual(expect.arrayContaining(['quickstart', 'text']));
});

// the same as `looplab figures check`, a study at a time
it.each(studies)('%s; else run looplab figures', { timeout: 120_000 }, async (file) => {
  const folder = join(root, dirname(file));
  const { default: figures }: { default: readonly Figure[] } = await import(join(root, file));
  expect(figures.length).toBeGreaterThan(0);
  const stale: string[] = [];
  for (const figure of figures)
    stale.push(...(await checkFigure(figure, { root: folder, out: join(folder, 'figures') })));
  expect(stale.map((path) => basename(path))).toEqual([]);
});
