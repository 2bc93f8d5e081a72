// A prefix made step by step against the same steps in one trace.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { perLoop } from '../kv/perLoop.ts';
import { modelConfig } from '../model/config.ts';
import { initParams } from '../model/params.ts';
import { key, randint } from '../rng/random.ts';
import { anderson } from './anderson.ts';
import { paramSpecs } from './layout.ts';
import { loopPlan, type Plan } from './plan.ts';
import { beginTrajectories, repeatableSteps, repeatStep } from './prefix.ts';
import { runTrace } from './runTrace.ts';
import { fixedLoops } from './strategies/fixedLoops.ts';
import type { Strategy } from './strategy.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({ vocab: 7, dModel: 8, heads: 2, layers: 1, loops: 6, dFF: 8, prelude: 1, initStd: 0.3 });
const cut = fixedLoops({ gradLoops: 2 });

it('leads to the state of the whole trace, from where the rest goes on to the same bits', async () => {
  const params = initParams(paramSpecs(config, cut), key(0));
  const inputs = { ids: tf.tensor2d(randint(key(1), 8, 7), [2, 4], 'int32') };
  const [whole] = runTrace(config, cut, params, inputs, { train: true });
  const plan = whole?.plan as Plan;
  const n = repeatableSteps(cut, plan);
  expect(n).toBe(4);
  const { e, states } = beginTrajectories(config, cut, params, inputs, { trajectories: [0] });
  let state = states[0] as { h: tf.Tensor };
  const k = plan.steps[0] as Plan['steps'][number];
  for (const count of [3, 1]) state = repeatStep(config, cut, params, inputs, { e, state, k, count });
  expect(await state.h.data()).toEqual(await whole?.states[3]?.h.data());
  const [rest] = runTrace(config, cut, params, inputs, { train: true, from: { state, steps: n } });
  expect(await rest?.states.at(-1)?.h.data()).toEqual(await whole?.states.at(-1)?.h.data());
});

describe('repeatableSteps', () => {
  const plan = (grad: number): Plan => loopPlan(5, grad);
  const { stationary: _, ...moving } = cut;
  it.each<[string, Strategy, Plan, number]>([
    ['counts the steps before the first with gradient', cut, plan(2), 3],
    ['is 0 where all have gradient', cut, plan(5), 0],
    ['leaves a step over', cut, plan(0), 4],
    ['is 0 where steps differ by their place', moving, plan(1), 0],
    ['is 0 where a solver makes the steps', { ...cut, driver: anderson() }, plan(1), 0],
    ['is 0 where steps leave terms for the loss', { ...cut, terms: () => ({}) }, plan(1), 0],
    ['is 0 where tokens are held back', { ...cut, active: () => tf.ones([2, 4]) }, plan(1), 0],
    ['is 0 where data set the depth', cut, { ...plan(1), depth: tf.ones([2, 4]) }, 0],
    ['is 0 where steps read older keys', { ...cut, kv: { ...perLoop(), views: () => [{ slots: [0] }] } }, plan(1), 0],
    [
      'stops at another core',
      cut,
      { steps: ['core', 'core', 'other', 'core'].map((core, t) => ({ core, t, grad: t === 3 })) },
      2,
    ],
  ])('%s', (_name, strategy, p, want) => {
    expect(repeatableSteps(strategy, p)).toBe(want);
  });
});
