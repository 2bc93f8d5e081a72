// The curriculum's batches written out, and the passes against computing one thought after another.
import { compile, toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Decoder } from '../../generate/decoder.ts';
import { modelConfig } from '../../model/config.ts';
import { initParams } from '../../model/params.ts';
import { key, randint } from '../../rng/random.ts';
import { paramSpecs } from '../layout.ts';
import type { Batch } from '../plan.ts';
import { runTrace } from '../runTrace.ts';
import { coconut } from './coconut.ts';
import { fixedLoops, type Hidden } from './fixedLoops.ts';
import { latentThoughts } from './latentThoughts.ts';

beforeEach(() => useDevice({ kind: 'cpu' }));

const int = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
// `1 2 < 11 12 13 > a` with three steps, and `3 < 21 > b` with one and two places left over.
const batch = (): Batch => ({
  ids: int([
    [1, 2, 90, 11, 12, 13, 91],
    [3, 90, 21, 91, 91, 91, 91],
  ]),
  targets: int([
    [0, 0, 11, 12, 13, 91, 7],
    [0, 21, 91, 8, 0, 0, 0],
  ]),
  weights: tf.tensor2d([
    [0, 0, 1, 1, 1, 1, 1],
    [0, 1, 1, 1, 0, 0, 0],
  ]),
  steps: int([
    [0, 0, 1, 2, 3, 0, 0],
    [0, 1, 0, 0, 0, 0, 0],
  ]),
  keyMask: tf.tensor2d([
    [1, 1, 1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0, 0, 0],
  ]),
});
/** Each place as id, id>target where it is scored, ~ for a latent one, . for nothing. */
async function written(x: Batch): Promise<string[]> {
  const table = async (t: tf.Tensor | undefined) => (await t?.array()) as number[][];
  const [ids, targets, weights, latent, mask] = await Promise.all(
    [x.ids, x.targets, x.weights, x.latent, x.keyMask].map(table),
  );
  return (ids as number[][]).map((row, r) =>
    row
      .map((id, i) => {
        if (mask?.[r]?.[i] === 0) return '.';
        const name = latent?.[r]?.[i] === 1 ? `~${id}` : `${id}`;
        return weights?.[r]?.[i] === 1 ? `${name}>${targets?.[r]?.[i]}` : name;
      })
      .join(' '),
  );
}

describe('latentThoughts', () => {
  it.each([
    [{ skip: 1, thoughts: 1, maxStage: 3 }, '1 2 90 ~90>12 12>13 13>91 91>7', '3 90 ~90>91 91>8 . . .'],
    [{ skip: 1, thoughts: 2, maxStage: 3 }, '1 2 90 ~90 ~90>12 12>13 13>91 91>7', '3 90 ~90 ~90>91 91>8 . . .'],
    [{ skip: 2, thoughts: 2, maxStage: 3 }, '1 2 90 ~90 ~90 ~90 ~90>13 13>91 91>7', '3 90 ~90 ~90>91 91>8 . . . .'],
    [
      { skip: Number.POSITIVE_INFINITY, thoughts: 2, maxStage: 2 },
      '1 2 90 ~90 ~90 ~90 ~90>91 91>7 .',
      '3 90 ~90 ~90>91 91>8 . . . .',
    ],
  ])('%j', async (how, first, second) => {
    for (const kind of ['cpu', 'onnx'] as const) {
      await useDevice({ kind });
      expect(await written(await compile(latentThoughts(how))(batch())), kind).toEqual([first, second]);
    }
  });

  it('needs a written chain', () => {
    const { steps: _, ...plain } = batch();
    expect(() => latentThoughts({ skip: 1, thoughts: 1, maxStage: 1 })(plain)).toThrow(
      'strategy coconut: rewrite needs steps',
    );
  });
});

describe('coconut', () => {
  const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 2, loops: 5, dFF: 12, initStd: 0.3 });
  const s = coconut({ thoughts: 2, maxStage: 2 });
  const [rows, seq] = [2, 7];
  const ids = () => tf.tensor2d(randint(key(1), rows * seq, 9), [rows, seq], 'int32');
  const where = [
    [0, 0, 1, 1, 0, 1, 0],
    [0, 1, 1, 1, 1, 0, 0],
  ];

  it('equals computing thought after thought, each from the state of the token before (1e-5, float32)', async () => {
    const params = initParams(paramSpecs(config, s), key(3));
    const [trace] = runTrace(config, s, params, { ids: ids(), latent: tf.tensor2d(where) }, { train: true });
    const given = (x: tf.Tensor): tf.Tensor => {
      const once = { ...fixedLoops(), id: 'given', init: () => ({ h: x }) };
      return runTrace<Hidden>(config, once, params, { ids: ids() }, { train: true, loops: 1 })[0]?.states[0]
        ?.h as tf.Tensor;
    };
    const x = tf.buffer([rows, seq, 8], 'float32', Float32Array.from(await toArray(trace?.initial.h as tf.Tensor)));
    for (let i = 0; i < seq; i++) {
      const h = (await given(x.toTensor()).array()) as number[][][];
      for (const [r, row] of where.entries())
        if (row[i] === 1)
          h[r]?.[i - 1]?.forEach((v, c) => {
            x.set(v, r, i, c);
          });
    }
    const [got, want] = [await toArray(trace?.states[4]?.h as tf.Tensor), await toArray(given(x.toTensor()))];
    expect(Math.max(...Array.from(got, (v, i) => Math.abs(v - (want[i] as number))))).toBeLessThan(1e-5);
    const early = await toArray(trace?.states[2]?.h as tf.Tensor); // four thoughts in a row need five passes
    expect(Math.max(...Array.from(early, (v, i) => Math.abs(v - (want[i] as number))))).toBeGreaterThan(1e-3);
  });

  it.each([[[1, 1, 1, 1, 1, 1, 1]], [[3, 1, 3]]])(
    'decodes %j tokens at a time, thoughts included (1e-5, float32)',
    async (pieces) => {
      const params = initParams(paramSpecs(config, s), key(3));
      const latent = tf.tensor2d(where);
      const [trace] = runTrace(config, s, params, { ids: ids(), latent }, { train: false });
      const decoder = new Decoder(config, s, params);
      const parts: tf.Tensor[] = [];
      for (const n of pieces) {
        const cut = (x: tf.Tensor) => tf.slice(x, [0, decoder.length], [rows, n]);
        parts.push((await decoder.feed({ ids: cut(ids()), latent: cut(latent) })).logits);
      }
      decoder.dispose();
      const [got, want] = [await toArray(tf.concat(parts, 1)), await toArray(trace?.logits(4) as tf.Tensor)];
      expect(Math.max(...Array.from(got, (v, i) => Math.abs(v - (want[i] as number))))).toBeLessThan(1e-5);
    },
  );

  it('replaces one more step in each stage, then leaves the answer alone', () => {
    expect(s.stages.map((x) => [x.name, x.rewrite !== undefined])).toEqual([
      ['written chain', false],
      ['1 latent', true],
      ['2 latent', true],
      ['answer', true],
    ]);
    expect(s.stages.map((x) => x.rewrite?.(batch()).ids.shape[1])).toEqual([undefined, 8, 9, 9]);
  });

  it('refuses a model with too few passes', () => {
    expect(() => coconut().check?.(config)).toThrow(
      'computes 2 x 3 thoughts one after another and needs 7 passes (got loops 5); set model.loops to 7',
    );
  });
});
