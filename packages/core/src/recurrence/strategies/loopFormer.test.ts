// LoopFormer's modulation, step sizes and two trajectories.
import { rmsNorm } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { key, normal, uniform } from '../../rng/random.ts';
import { loopFormer, shortSizes } from './loopFormer.ts';
import { embedded, gap, mean, numbers, run, run1, small, start, updates } from './trial.test-data.ts';

const s = loopFormer({ frequencies: 6 });
const own = (name: string) => `strategy.loopFormer.${name}`;
/** Gates that are open, differently at each time and step size. */
const open = () =>
  start(s, {
    [own('modulation.weight')]: tf.tensor2d(normal(key(1), 64 * 8), [64, 8]),
    [own('modulation.bias')]: tf.tensor1d(normal(key(2), 64)),
  });

describe('shortSizes', () => {
  it('are multiples of 1 / loops, at least that, and sum to 1', async () => {
    for (let count = 1; count < 8; count++) {
      for (let i = 0; i < 20; i++) {
        const sizes = await numbers(shortSizes(tf.tensor1d(uniform(key(i), 8)), count, 8));
        expect(sizes).toHaveLength(count);
        expect(sizes.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
        for (const x of sizes) {
          expect(x * 8).toBeCloseTo(Math.round(x * 8), 5);
          expect(x * 8).toBeGreaterThan(0.99);
        }
      }
    }
  });

  it('are uniform on what leaves the later steps their share', async () => {
    const first = [];
    for (let i = 0; i < 600; i++)
      first.push(((await numbers(shortSizes(tf.tensor1d(uniform(key(i), 4)), 3, 4)))[0] ?? 0) * 4);
    expect(new Set(first)).toEqual(new Set([1, 2])); // 4 - 2 later steps
    expect(mean(first)).toBeCloseTo(1.5, 1);
  });
});

describe('loopFormer', () => {
  it('is the identity before it has learnt anything: only the norm of the core acts (1e-4: its epsilon)', async () => {
    const p = start(s);
    const want = rmsNorm(embedded(p), tf.ones([8]), small.normEps);
    for (const { h } of run1(s, { params: p }).states) expect(await gap(h, want)).toBeLessThan(1e-4);
  });

  it('owns two small networks and four factors a layer and channel, all but the networks starting at 0', () => {
    const shapes = Object.fromEntries(s.params(small).map((x) => [x.name, `${x.shape}`]));
    expect(shapes).toEqual({
      ...{ 'time.in.weight': '8,6', 'time.in.bias': '8', 'time.out.weight': '8,8', 'time.out.bias': '8' },
      ...{
        'stepSize.in.weight': '8,6',
        'stepSize.in.bias': '8',
        'stepSize.out.weight': '8,8',
        'stepSize.out.bias': '8',
      },
      ...{ 'modulation.weight': '64,8', 'modulation.bias': '64' },
    });
  });

  it('trains equal steps and fewer of other sizes, both over the time from 0 to 1', async () => {
    const [long, short] = run(s, { params: open(), options: { train: true, hp: { short: 1 } } });
    expect(long?.plan.steps.map((k) => k.dt)).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(short?.plan.steps).toHaveLength(1);
    // one step from 0 to 1 is what evaluation does with one loop
    const one = run1(s, { params: open(), options: { loops: 1 } });
    expect(await gap(short?.logits(0), one.logits(0))).toBeLessThan(1e-5);
  });

  it('tells time and size apart: two steps of sizes 1/3, 2/3 are not two of 1/2', async () => {
    const at = async (u: number) => {
      const noise = { sizes: tf.tensor1d([u, 0, 0]) };
      const [, short] = run(s, { params: open(), options: { train: true, hp: { short: 2 }, noise } });
      return short?.logits(1);
    };
    const [thirds, other] = [await at(0.1), await at(0.9)]; // sizes 1/3, 2/3 and 2/3, 1/3
    expect(await gap(thirds, other)).toBeGreaterThan(1e-3);
    const halves = run1(s, { params: open(), options: { loops: 2 } });
    expect(await gap(thirds, halves.logits(1))).toBeGreaterThan(1e-3);
  });

  it('draws the number of short steps uniformly on 1..loops - 1', () => {
    const short = updates(s, 3000, { ...small, loops: 5 }).map((u) => u.hp?.short ?? 0);
    for (const n of [1, 2, 3, 4]) expect(short.filter((x) => x === n).length / 3000).toBeCloseTo(0.25, 1);
    expect(Math.max(...short)).toBe(4);
  });
});
