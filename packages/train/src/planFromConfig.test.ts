// A configuration read back describes the same run, or is refused.
import { loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { describe, expect, test } from 'vitest';
import { StudyError } from './errors.ts';
import { identifyRun, isHomeMade } from './identifyRun.ts';
import { planFlops } from './planFlops.ts';
import { planFromConfig } from './planFromConfig.ts';
import { planRun, type RunOptions } from './runPlan.ts';

const base: RunOptions = {
  study: 'words',
  variant: 'looped',
  task: groupWords({ group: 'S3', seq: 8 }),
  model: { dModel: 16, heads: 2, layers: 1, loops: 4 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.07 }),
  train: { steps: 10, batch: 8 },
  seed: 3,
};
const { variant: _, ...once } = base;
const stages = [
  { name: 'model', steps: 6 },
  { name: 'gate', steps: 4, trainable: ['early_exit_gate'], objective: { id: 'gateImprovement' }, train: { lr: 1e-4 } },
];

describe('planFromConfig', () => {
  test.each([
    ['a run', base],
    [
      'a run without variant',
      { ...once, model: { ...base.model, loops: 1 }, strategy: plain(), objective: lastLoop() },
    ],
    ['a run in stages', { ...base, stages }],
  ])('makes %s again from JSON', (_, options) => {
    const plan = planRun(options);
    const again = planFromConfig(JSON.parse(JSON.stringify(plan.config)));
    expect(again.config).toEqual(plan.config);
    expect(identifyRun(again, { code: 'c' })).toEqual(identifyRun(plan, { code: 'c' }));
    expect(again.stages.map((s) => [s.name, s.train, s.objective.id])).toEqual(
      plan.stages.map((s) => [s.name, s.train, s.objective.id]),
    );
  });

  test('refuses what the configuration does not say', () => {
    const { config } = planRun(base);
    const more = { ...config, task: { ...(config.task as object), seq: 8, extra: 1 } };
    expect(() => planFromConfig(more)).toThrow(/task has no option 'extra'/);
    expect(() => planFromConfig({ ...config, note: 1 })).toThrow(StudyError);
    expect(() => planFromConfig({ ...config, strategy: { id: 'lopLM' } })).toThrow(/loopLM/);
  });
});

test('a plug-in that is not one of the packages makes a run home-made', () => {
  expect(isHomeMade(planRun(base))).toBe(false);
  expect(isHomeMade(planRun({ ...base, strategy: { ...loopLM(), id: 'mine' } }))).toBe(true);
  expect(isHomeMade(planRun({ ...base, task: { ...base.task, name: 'mine' } }))).toBe(true);
  expect(isHomeMade(planRun({ ...base, stages: [{ name: 'a', rewrite: (b) => b }] }))).toBe(true);
});

test('the work of a run is that of its updates', () => {
  const one = planFlops(planRun({ ...base, train: { steps: 1, batch: 8 } }));
  expect(planFlops(planRun(base))).toBe(10 * one);
  expect(planFlops(planRun({ ...base, train: { steps: 10, batch: 16 } }))).toBe(20 * one);
});
