// Parcae's stable injection, width and depth.
import { linear, rmsNorm } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../model/config.ts';
import { flops } from '../flops.ts';
import { paramSpecs } from '../layout.ts';
import { parcae } from './parcae.ts';
import { batch, coreOf, embedded, gap, mean, numbers, run1, seq, small, start, updates } from './trial.test-data.ts';

const own = (name: string) => `strategy.parcae.${name}`;
const keepOf = async (dtBias: number, logA: number): Promise<number> => {
  const dt = Math.log1p(Math.exp(dtBias));
  return Math.exp(-dt * Math.exp(logA));
};

describe('parcae', () => {
  it('keeps the share sqrt(1/5) of every channel at first, and less than all of it whatever it learns', async () => {
    const { [own('dt.bias')]: bias, [own('A.log')]: logA } = start(parcae());
    const [b = Number.NaN] = await numbers(bias);
    expect(await keepOf(b, (await numbers(logA))[0] ?? Number.NaN)).toBeCloseTo(Math.sqrt(0.2), 6);
    for (const x of [-8, 0, 3]) for (const y of [-8, 0, 3]) expect(await keepOf(x, y)).toBeLessThan(1);
  });

  it('writes and reads the state unchanged at first where widths agree', async () => {
    const p = start(parcae());
    for (const name of ['B.weight', 'C.weight']) expect(await gap(p[own(name)], tf.eye(8))).toBe(0);
  });

  it('applies the core to exp(-dt A) h + dt B norm(e), and reads C h (float32, 1e-5)', async () => {
    const B = tf.randomNormal([8, 8], 0, 0.5, 'float32', 1);
    const C = tf.randomNormal([8, 8], 0, 0.5, 'float32', 2);
    const p = start(parcae(), {
      [own('A.log')]: tf.fill([8], Math.log(2)),
      [own('dt.bias')]: tf.fill([8], Math.log(Math.expm1(0.5))), // dt = 1/2
      [own('norm.weight')]: tf.fill([8], 3),
      [own('B.weight')]: B,
      [own('C.weight')]: C,
    });
    const trace = run1(parcae(), { params: p });
    const input = linear(rmsNorm(embedded(p), tf.fill([8], 3), small.normEps), B);
    let h = trace.initial.h;
    for (const s of trace.states) {
      h = coreOf(p, tf.add(tf.mul(h, Math.exp(-1)), tf.mul(input, 0.5)));
      expect(await gap(s.h, h)).toBeLessThan(1e-5);
    }
    expect(await gap(trace.logits(2), linear(linear(h, C), p['lm_head.weight'] as tf.Tensor))).toBeLessThan(1e-4);
  });

  it('has a state of its own width, with heads as wide as the model has', () => {
    const s = parcae({ width: 16 });
    const shapes = Object.fromEntries(paramSpecs(small, s).map((x) => [x.name, x.shape]));
    expect(shapes[own('B.weight')]).toEqual([16, 8]);
    expect(shapes[own('C.weight')]).toEqual([8, 16]);
    expect(shapes['model.layers.0.self_attn.q_proj.weight']).toEqual([16, 16]);
    expect(shapes['model.layers.0.mlp.up_proj.weight']).toEqual([24, 16]);
    expect(shapes['model.embed_tokens.weight']).toEqual([7, 8]);
    expect(s.cores?.(small)).toEqual([{ name: 'core', dModel: 16, heads: 4, dFF: 24 }]);
    expect(run1(s).logits(2).shape).toEqual([batch, seq, 7]);
    expect(flops(small, s, { batch, seq })).toBeGreaterThan(3 * flops(small, parcae(), { batch, seq }));
    expect(() => run1(parcae({ width: 10 }))).toThrow(
      'strategy parcae: width must be a multiple of the head width 4 (got 10); set strategy.width',
    );
  });

  it('draws depths of at least 1 around model.loops, the last four with gradient', () => {
    const loops = updates(parcae(), 5000, modelConfig({ ...small, loops: 8 })).map((u) => u.loops ?? 0);
    expect(Math.abs(mean(loops) - 8)).toBeLessThan(0.16); // 4 standard errors; exp(-8) of the draws are raised to 1
    expect(Math.min(...updates(parcae(), 500, modelConfig({ ...small, loops: 1 })).map((u) => u.loops ?? 0))).toBe(1);
    const { plan } = run1(parcae(), { options: { train: true, loops: 6 } });
    expect(plan.steps.map((k) => Number(k.grad))).toEqual([0, 0, 1, 1, 1, 1]);
  });
});
