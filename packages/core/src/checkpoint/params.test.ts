// Parameters through a file and back, and every way in which a file does not fit.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import { key } from '../rng/random.ts';
import { loadParams, saveParams } from './params.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'params-'));
beforeAll(() => useDevice({ kind: 'cpu' }));
afterAll(() => rmSync(folder, { recursive: true }));

const specs = paramSpecs(modelConfig({ vocab: 5, dModel: 4, heads: 1, layers: 1 }), loopLM());
const path = join(folder, 'm.safetensors');

it('come back bit for bit in float32 and rounded in bfloat16', async () => {
  const params = initParams(specs, key(1));
  await saveParams(path, params, { step: '7' });
  expect(readSafetensors(path).metadata).toEqual({ step: '7' });
  const back = loadParams(path, specs);
  expect(Object.keys(back)).toEqual(specs.map((s) => s.name));
  for (const [name, t] of Object.entries(params)) expect(await back[name]?.data()).toEqual(await t.data());
  await saveParams(path, params, {}, 'BF16');
  const rough = loadParams(path, specs);
  for (const [name, t] of Object.entries(params)) {
    const [a, b] = [await t.data(), (await rough[name]?.data()) ?? []];
    a.forEach((x, i) => {
      expect(Math.abs(x - (b[i] as number))).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8);
    });
  }
});

it('are refused with every mismatch named', async () => {
  const params = { ...initParams(specs, key(1)) };
  const { 'model.norm.weight': _, ...lacking } = params;
  await saveParams(path, { ...lacking, extra: tf.zeros([1]), 'lm_head.weight': tf.zeros([4, 5]) });
  expect(() => loadParams(path, specs)).toThrow(
    /m.safetensors does not fit the model: it lacks model.norm.weight, it has extra, which the model does not, lm_head.weight is \[4,5\], the model's is \[5,4\]; set model and strategy to those it was made with/,
  );
  const { tensors } = readSafetensors(path);
  writeSafetensors(path, { ...tensors, 'model.norm.weight': { dtype: 'I32', shape: [4], data: new Int32Array(4) } });
  expect(() => loadParams(path, specs)).toThrow(/model.norm.weight holds I32, not floats/);
});
