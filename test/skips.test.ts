// What CI makes of parts that are missing: skipped tests and setup scripts that fail are counted, never passed over.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { skipLines, skipsOf } from '../tools/skips.ts';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'looplab-ci-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it('skipped tests are counted by what they need', () => {
  const test = (status: string, ...titles: string[]) => {
    return { status, ancestorTitles: titles.slice(0, -1), title: titles.at(-1) ?? '' };
  };
  const slurm = 'launcher slurm (skipped: needs Slurm, run tools/setup-slurm.sh)';
  const skips = skipsOf([
    test('passed', 'a', 'needs nothing, run it'),
    test('failed', 'b'),
    test('skipped', slurm, 'one'),
    test('skipped', slurm, 'two (or more)'),
    test('pending', 'skipped: needs PyTorch, run tools/setup-torch.sh'),
    test('skipped', 'of no part'),
  ]);
  expect(skipLines(skips, false)).toEqual([
    '4 tests were skipped',
    '2 of them: needs Slurm, run tools/setup-slurm.sh',
    '1 of them: needs PyTorch, run tools/setup-torch.sh',
  ]);
  expect(skipLines(skips, true)[1]).toBe('FAILED: 2 of them: needs Slurm, run tools/setup-slurm.sh');
});

it('.ci/run counts a setup script that fails, and goes on', () => {
  const write = (path: string, text: string): void => {
    mkdirSync(join(scratch, path, '..'), { recursive: true });
    writeFileSync(join(scratch, path), text, { mode: 0o755 });
  };
  cpSync(join(root, '.ci'), join(scratch, '.ci'), { recursive: true });
  write('tools/bootstrap.mjs', '');
  write('tools/setup-bad.sh', 'exit 3');
  write('tools/setup-good.sh', 'exit 0');
  write('node_modules/.bin/node', '#!/bin/sh\necho "1 passed, 0 failed"\n');
  write('bin/npm', '#!/bin/sh\necho "10 passed, 0 failed"\n');
  const env = { ...process.env, PATH: `${join(scratch, 'bin')}${delimiter}${process.env.PATH}` };
  const { status, stdout } = spawnSync(join(scratch, '.ci', 'run'), { env, encoding: 'utf8' });
  expect(stdout).toContain('FAILED: tools/setup-bad.sh');
  expect(stdout).toMatch(/\n21 passed, 1 failed\n$/);
  expect(status).toBe(1);
  rmSync(join(scratch, 'tools', 'setup-bad.sh'));
  expect(execFileSync(join(scratch, '.ci', 'run'), { env, encoding: 'utf8' })).toMatch(/\n21 passed, 0 failed\n$/);
});
