// Every figure of every study is what its committed data give, to the byte.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

it('looplab figures check finds nothing to say', { timeout: 300_000 }, () => {
  const command = ['packages/cli/src/main.ts', 'figures', 'check', '--json'];
  const { status, stdout, stderr } = spawnSync('node', command, { cwd: root, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const checked: { study: string; figures: { id: string }[] }[] = JSON.parse(stdout);
  const figures = Object.fromEntries(checked.map(({ study, figures }) => [study, figures.map((f) => f.id)]));
  expect(figures['experiments/quickstart']).toEqual(['accuracy-by-loop', 'learning-curves']);
  expect(figures['experiments/text']).toEqual(['bits-per-byte-by-loop', 'exit-by-loop']);
});
