// What a manifest says about where a run came from.
import { expect, test } from 'vitest';
import { describeOrigin } from './manifest.ts';

test('names code, machine and packages', () => {
  const origin = describeOrigin({ runId: 'r', codeId: 'c', seed: 7, params: 9, device: 'cpu' });
  expect(origin).toMatchObject({ runId: 'r', codeId: 'c', seed: 7, params: 9, device: 'cpu', node: process.version });
  expect(origin.cores).toBeGreaterThan(0);
  expect(origin.packages).toMatchObject({
    '@looplab/core': expect.any(String),
    'onnxruntime-node': expect.any(String),
  });
  expect(Number.isNaN(Date.parse(origin.createdAt))).toBe(false);
  // null outside a git checkout, e.g. in an unpacked archive
  if (origin.git !== null) {
    expect(origin.git.sha).toMatch(/^[0-9a-f]{40}$/);
    expect(origin.git.diffHash === null).toBe(!origin.git.dirty);
  }
});
