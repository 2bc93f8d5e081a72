// Errors that halting and decoding code really has, put in on purpose: some test must notice each of them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Mutation } from './mutants/mutation.ts';
import { mutations } from './mutants/mutations.ts';

const root = resolve(import.meta.dirname, '..');

function runTests({ tests, only }: Mutation, mutation: Pick<Mutation, 'file' | 'find' | 'replace'>) {
  const args = ['run', '--config', 'test/mutants/vitest.config.ts', ...tests, ...(only ? ['-t', only] : [])];
  return spawnSync(process.execPath, [resolve(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, MUTATION: JSON.stringify(mutation), NO_COLOR: '1' },
  });
}

describe.each(mutations)('$name', (mutation) => {
  it('is caught', { timeout: 240_000 }, () => {
    const source = readFileSync(resolve(root, mutation.file), 'utf8');
    expect(source.split(mutation.find), `${mutation.file} has the piece once`).toHaveLength(2);
    const { status, stdout, stderr } = runTests(mutation, mutation);
    expect(status, 'the tests passed in spite of it').toBe(1);
    expect(`${stdout}${stderr}`, 'a test failed, not the set-up').toMatch(/AssertionError|Error: /);
    expect(stdout).toMatch(/Tests\s+\d+ failed/);
  });
});

it('the same tests pass where nothing is changed', { timeout: 240_000 }, () => {
  const [first] = mutations;
  if (!first) throw new Error('there are no mutations');
  const { status, stdout } = runTests(first, { file: first.file, find: first.find, replace: first.find });
  expect(status, stdout).toBe(0);
});
