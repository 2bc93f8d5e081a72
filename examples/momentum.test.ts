// The example strategy passes what every strategy must, is short, and starts as the loop it extends.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strategyConformance } from '@looplab/conformance';
import { fixedLoops, initParams, key, modelConfig, paramSpecs, runTrace } from '@looplab/core';
import { toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { momentum } from './momentum.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

strategyConformance({ strategy: momentum() });

it('has at most 40 lines', () => {
  const lines = readFileSync(join(import.meta.dirname, 'momentum.ts'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
});

it('is fixedLoops until m moves', async () => {
  const config = modelConfig({ vocab: 5, dModel: 8, heads: 2, layers: 1, loops: 3 });
  const params = initParams(paramSpecs(config, momentum()), key(0));
  const inputs = { ids: tf.tensor2d([[1, 2, 3, 4]], [1, 4], 'int32') };
  const [a] = runTrace(config, momentum(), params, inputs, { train: false });
  const [b] = runTrace(config, fixedLoops(), params, inputs, { train: false });
  const [x, y] = await Promise.all([a, b].map((t) => toArray(t?.logits(2) as tf.Tensor))); // both have three loops
  x?.forEach((v, i) => {
    expect(v).toBeCloseTo(y?.[i] ?? Number.NaN, 5);
  });
});
