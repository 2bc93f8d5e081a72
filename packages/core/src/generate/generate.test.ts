// Generation: greedy against the parallel pass, padding, sampling and refusals.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { qExit } from '../exit/qExit.ts';
import { modelConfig } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import { fold, key, randint } from '../rng/random.ts';
import { Decoder } from './decoder.ts';
import { generate } from './generate.ts';
import { sample } from './sample.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 1, loops: 2, initStd: 0.5 });
const strategy = loopLM();
const params = () => initParams(paramSpecs(config, strategy), key(3));

describe('generate', () => {
  it('continues greedily as the parallel pass would', async () => {
    const p = params();
    const out = await generate(config, strategy, p, { prompts: [[1, 2, 3]], tokens: 4 });
    const ids = [1, 2, 3];
    for (let n = 0; n < 4; n++) {
      const [trace] = runTrace(
        config,
        strategy,
        p,
        { ids: tf.tensor2d(ids, [1, ids.length], 'int32') },
        { train: false },
      );
      const logits = (await trace?.logits(1).array()) as number[][][];
      const row = logits[0]?.at(-1) ?? [];
      ids.push(row.indexOf(Math.max(...row)));
    }
    expect([...(out.tokens[0] ?? [])]).toEqual(ids.slice(3));
  });

  it('gives a prompt the same continuation alone, in a batch and beside longer prompts', async () => {
    const p = params();
    const alone = await generate(config, strategy, p, { prompts: [[4, 5]], tokens: 3 });
    const among = await generate(config, strategy, p, { prompts: [[1, 2, 3, 4, 5, 6], [4, 5], [7]], tokens: 3 });
    expect(among.tokens[1]).toEqual(alone.tokens[0]);
  });

  it('takes rows at their own pace: tokens and depths are those of each alone', async () => {
    const deep = { ...config, loops: 4 };
    const p = {
      ...initParams(paramSpecs(deep, strategy), key(3)),
      'model.early_exit_gate.weight': tf.tensor2d(randint(key(8), 8, 5), [1, 8], 'int32').toFloat(),
    };
    const prompts = [[1, 2, 3], [4, 5], [7], [8, 8]];
    const options = { tokens: 9, temperature: 0.7, key: key(2), exit: qExit({ threshold: 0.7 }), block: 4 };
    const together = await generate(deep, strategy, p, { prompts, ...options });
    expect(new Set(together.depths.flatMap((d) => [...d])).size, 'depths must differ').toBeGreaterThan(2);
    // Fed row by row: the decoder that goes in step, with the same draws
    for (const [row, prompt] of prompts.entries()) {
      const decoder = new Decoder(deep, strategy, p, options);
      let next: number[] = prompt;
      for (let n = 0; n < 9; n++) {
        const ids = tf.tensor2d(next, [1, next.length], 'int32');
        const { logits, depths } = await decoder.feed({ ids }, n === 0 ? { exit: null } : {});
        const last = (await logits.data()).slice(-9);
        const id = sample(last, 0.7, fold(fold(key(2), n), row));
        expect(id).toBe(together.tokens[row]?.[n]);
        expect(depths.at(-1)).toBe(together.depths[row]?.[n]);
        next = [id];
      }
      decoder.dispose();
    }
  });

  it('leaves no tensor behind', async () => {
    const p = params();
    const before = tf.memory().numTensors;
    await generate(config, loopLM({ exitThreshold: 0.5 }), p, {
      prompts: [[1, 2], [3]],
      tokens: 3,
      temperature: 1,
      key: key(0),
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says what it needs', async () => {
    const p = params();
    const run = (o: object) => generate(config, strategy, p, { prompts: [[1]], tokens: 1, ...o });
    await expect(run({ prompts: [[]] })).rejects.toThrow('every prompt must have a token');
    await expect(run({ prompts: [[9]] })).rejects.toThrow('token ids must be 0 to 8 (got 9)');
    await expect(run({ tokens: 0 })).rejects.toThrow('tokens must be a whole number >= 1 (got 0)');
    await expect(run({ temperature: 1 })).rejects.toThrow('pass key: key(seed)');
    await expect(run({ temperature: -1 })).rejects.toThrow('temperature must be >= 0 (got -1)');
  });
});

describe('sample', () => {
  it('follows the softmax at temperature 1 and the maximum at 0', () => {
    const logits = [Math.log(0.7), Math.log(0.2), Math.log(0.1)];
    const counts = [0, 0, 0];
    for (let n = 0; n < 4000; n++) {
      const x = sample(logits, 1, fold(key(1), n));
      counts[x] = (counts[x] ?? 0) + 1;
    }
    // 5 standard errors of 4000 draws: 145, 127, 95
    for (const [i, p, e] of [
      [0, 0.7, 145],
      [1, 0.2, 127],
      [2, 0.1, 95],
    ] as const) {
      expect(Math.abs((counts[i] ?? 0) - 4000 * p)).toBeLessThan(e);
    }
    expect(sample([0, 1, 5], 0, key(0))).toBe(2);
  });
});
