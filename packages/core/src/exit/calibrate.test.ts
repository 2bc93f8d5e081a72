// Calibration against decoding token by token, closed forms at the ends of the scale, and its refusals.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Decoder } from '../generate/decoder.ts';
import { modelConfig } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { flops } from '../recurrence/flops.ts';
import { paramSpecs } from '../recurrence/layout.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import { key, randint } from '../rng/random.ts';
import { argmaxStable } from './argmaxStable.ts';
import { calibrate, type LabelledTokens } from './calibrate.ts';
import { kl } from './kl.ts';
import { qExit } from './qExit.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 9, dModel: 8, heads: 2, layers: 1, loops: 4, dFF: 12, initStd: 0.5, prelude: 1 });
const strategy = loopLM();
const [batch, seq] = [3, 6];
const params = () => ({
  ...initParams(paramSpecs(config, strategy), key(5)),
  'model.early_exit_gate.weight': tf.tensor2d(randint(key(8), 8, 5), [1, 8], 'int32').toFloat(),
});
const tokens = (n: number, weights = new Float32Array(batch * seq).fill(1)): LabelledTokens => ({
  ids: randint(key(n), batch * seq, 9),
  targets: randint(key(n + 1), batch * seq, 9),
  weights,
  batch,
  seq,
});

describe('calibrate', () => {
  it('measures what decoding token by token does, at each threshold', async () => {
    const p = params();
    const data = tokens(1);
    const { table } = await calibrate(config, strategy, p, {
      rule: qExit(),
      batches: [data],
      thresholds: [0.9, 0.3, 0.6, 1],
    });
    expect(table.map((row) => row.threshold)).toEqual([0.3, 0.6, 0.9, 1]);
    expect(new Set(table.map((row) => row.meanLoops)).size, 'thresholds must matter').toBe(4);
    for (const row of table) {
      const decoder = new Decoder(config, strategy, p, { exit: qExit({ threshold: row.threshold }) });
      let [loops, right] = [0, 0];
      for (let j = 0; j < seq; j++) {
        const column = Int32Array.from({ length: batch }, (_, b) => data.ids[b * seq + j] ?? 0);
        const out = await decoder.feed({ ids: tf.tensor2d(column, [batch, 1], 'int32') });
        const best = await tf.argMax(out.logits, -1).data();
        for (let b = 0; b < batch; b++) {
          loops += out.depths[b] ?? 0;
          right += best[b] === data.targets[b * seq + j] ? 1 : 0;
        }
      }
      expect(row.meanLoops).toBeCloseTo(loops / 18, 6);
      expect(row.accuracy).toBeCloseTo(right / 18, 6);
      decoder.dispose();
    }
  });

  it('counts one readout a token, or one a loop if the rule reads logits', async () => {
    const p = params();
    const at = async (rule: ReturnType<typeof kl>, thresholds: number[]) =>
      (await calibrate(config, strategy, p, { rule, batches: [tokens(1)], thresholds })).table;
    const [full] = await at(qExit(), [1]);
    expect(full?.meanLoops).toBe(4);
    expect(full?.flops).toBeCloseTo(flops(config, strategy, { batch: 1, seq }) / seq, 6);
    const [never] = await at(kl(), [1e-30]);
    expect(never?.meanLoops).toBe(4);
    expect(never?.flops).toBeCloseTo(flops(config, strategy, { batch: 1, seq, readouts: 'all' }) / seq, 6);
  });

  it('finds the latest threshold that keeps to a mean depth', async () => {
    const p = params();
    const batches = [tokens(1), tokens(11)];
    for (const [rule, target] of [
      [qExit(), 2.5],
      [kl(), 3],
      [argmaxStable(), 3.2],
    ] as const) {
      const { table, chosen } = await calibrate(config, strategy, p, { rule, batches, targetDepth: target });
      const depths = table.map((row) => row.meanLoops);
      expect(depths.at(-1), rule.id).toBe(4);
      expect(depths[0], rule.id).toBeLessThan(target);
      expect(chosen?.meanLoops, rule.id).toBeLessThanOrEqual(target);
      // Better than the table's neighbour on the scale, or as good: nothing of it lies between the choice and the target.
      const between = depths.filter((d) => d > (chosen?.meanLoops ?? 0) && d <= target);
      expect(between, rule.id).toEqual([]);
    }
    const { chosen } = await calibrate(config, strategy, p, { rule: qExit(), batches, targetDepth: 4 });
    expect(chosen?.threshold).toBe(1);
  });

  it('runs tokens that are not scored to full depth, and leaves them out', async () => {
    const p = params();
    const half = Float32Array.from({ length: batch * seq }, (_, i) => (i % seq < 3 ? 0 : 1));
    const rule = qExit();
    const { table } = await calibrate(config, strategy, p, { rule, batches: [tokens(1, half)], thresholds: [0] });
    expect(table[0]?.meanLoops).toBe(1);
    const decoder = new Decoder(config, strategy, p, { exit: qExit({ threshold: 0 }) });
    const data = tokens(1);
    const ids = tf.tensor2d(data.ids, [batch, seq], 'int32');
    await decoder.feed({ ids: tf.slice(ids, [0, 0], [batch, 3]) }, { exit: null });
    const out = await decoder.feed({ ids: tf.slice(ids, [0, 3], [batch, 3]) });
    const best = await tf.argMax(out.logits, -1).data();
    const right = best.filter((x, i) => x === data.targets[Math.floor(i / 3) * seq + 3 + (i % 3)]).length;
    expect(table[0]?.accuracy).toBeCloseTo(right / 9, 6);
  });

  it('leaves no tensor behind, and says what cannot be', async () => {
    const p = params();
    const before = tf.memory().numTensors;
    const run = (options: object) => calibrate(config, strategy, p, { rule: kl(), batches: [tokens(1)], ...options });
    await run({ thresholds: [0.1] });
    expect(tf.memory().numTensors).toBe(before);
    await expect(run({ targetDepth: 1 })).rejects.toThrow(
      'no threshold of kl gives a mean depth of 1 loops (the least is 2.00); set a deeper targetDepth',
    );
    await expect(run({ batches: [] })).rejects.toThrow('calibrate needs a batch');
    expect(tf.memory().numTensors).toBe(before);
  });
});
