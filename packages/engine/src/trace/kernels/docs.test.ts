// docs/kernels.md names every TensorFlow.js kernel and says of each what the backend really does.
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { registerOnnxBackend } from '../register.ts';
import { ON_HOST } from './host.ts';
import { REFUSED } from './refused.ts';

beforeAll(registerOnnxBackend);

/** Kernel names that tfjs-core exports: constants whose value is their own name (`_FusedMatMul` alone has an underscore). */
function kernelNames(): string[] {
  return Object.entries(tf).flatMap(([key, value]) => (typeof value === 'string' && value === key ? [key] : []));
}

it('docs/kernels.md is up to date (else run pnpm kernels:table)', () => {
  const text = readFileSync(new URL('../../../../../docs/kernels.md', import.meta.url), 'utf8');
  const said = new Map([...text.matchAll(/^\| (\w+) \| (yes|no|outside graphs|unused) \|/gm)].map((m) => [m[1], m[2]]));
  const names = kernelNames();
  expect(names.length).toBeGreaterThan(170);
  for (const name of names) {
    const known = tf.getKernel(name, 'onnx') !== undefined;
    const really = !known ? 'unused' : name in REFUSED ? 'no' : ON_HOST.includes(name) ? 'outside graphs' : 'yes';
    expect(`${name}: ${said.get(name)}`).toBe(`${name}: ${really}`);
  }
});
