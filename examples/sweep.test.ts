// The example runs as it stands, and a second time finds everything done.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const results = mkdtempSync(join(tmpdir(), 'looplab-example-'));
afterAll(() => rmSync(results, { recursive: true, force: true }));

const run = () => {
  const { status, stdout, stderr } = spawnSync('node', [join(import.meta.dirname, 'sweep.ts'), results], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

it('prints a table of means over seeds', { timeout: 120_000 }, () => {
  const first = run();
  expect(first.stderr).toMatch(
    /^4 runs\n(\[\d\/4\] model.layers=\d model.loops=\d seed \d: finished accuracy \d.*\n){4}$/,
  );
  expect(first.status).toBe(0);
  expect(first.stdout).toMatch(/│ 1 +│ 2 +│ \d\.\d+ +│ [\d.]+ +│ 2 +│/);
  const again = run();
  expect(again).toEqual({ ...first, stderr: '4 runs, 4 done before\n' });
});
