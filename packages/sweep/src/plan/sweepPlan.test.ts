// From a study to the runs of a sweep: what is varied, what a sweep's identity depends on, and studies that live in a file.
import { join } from 'node:path';
import { defineStudy, OverrideError } from '@looplab/train';
import { describe, expect, test } from 'vitest';
import { fakeStudy } from '../../test/fakeStudy.ts';
import ownStudy from '../../test/ownStudy.ts';
import { tempDir } from '../../test/tempDir.ts';
import { SweepError } from '../errors.ts';
import { cross, grid, searchFromSpec } from '../search/listed.ts';
import { random } from '../search/random.ts';
import { tpe } from '../search/tpe.ts';
import { choice, logUniform } from '../space/dimension.ts';
import { runSweep } from '../sweep.ts';
import { checkedRuns, planSweep, type SweepPlanOptions } from './sweepPlan.ts';

const source = join(import.meta.dirname, '..', '..', 'test', 'ownStudy.ts');
const plan = (options: SweepPlanOptions = {}) => planSweep(ownStudy, { source, code: 'c', ...options });
const runs = (options: SweepPlanOptions = {}, trial = 0) => {
  const made = plan(options);
  const points = 'points' in made.search ? (made.search.points as readonly Record<string, never>[]) : [];
  return made.runsOf({ trial, point: points[trial] ?? {} });
};

describe('what is varied', () => {
  test('is what the study says, and its scale where that says more', () => {
    expect(plan().search.options.points).toEqual([{ 'train.lr': 0.01 }, { 'train.lr': 0.02 }]);
    expect(plan({ scale: 'tiny' }).search.options.points).toEqual([{ 'train.lr': 0.5 }]);
    expect(plan({ search: grid({ 'train.lr': [7] }) }).search.options.points).toEqual([{ 'train.lr': 7 }]);
  });

  test('gives each point every variant and seed', () => {
    const made = runs({ seeds: 2 }, 1);
    expect(made.map((r) => [r.plan.variant, r.plan.seed, r.plan.train.lr])).toEqual([
      ['a', 0, 0.02],
      ['b', 0, 0.02],
      ['a', 1, 0.02],
      ['b', 1, 0.02],
    ]);
    expect(made[0]?.overrides).toEqual(['seeds=2', 'train.lr=0.02']);
  });

  test('may be the variants themselves', () => {
    const search = grid({ variant: ['b'], 'train.lr': [1] });
    expect(runs({ search }).map((r) => [r.plan.variant, r.plan.train.lr])).toEqual([['b', 1]]);
  });

  test('by a search that compares points must leave one run a seed', () => {
    const space = { 'train.lr': logUniform(1e-4, 1) };
    expect(() => plan({ search: tpe(space, { trials: 5 }) })).toThrow(
      "tpe compares points, but each point has 2 variants (a, b); add the axis 'variant', such as choice(['a'])",
    );
    expect(plan({ search: tpe({ ...space, variant: choice(['a', 'b']) }, { trials: 5 }) }).search.trials).toBe(5);
  });
});

describe('the identity of a sweep', () => {
  test('depends on everything that decides what is run, and on nothing else', () => {
    const ids = [
      plan(),
      plan({ seeds: 2 }),
      plan({ scale: 'tiny' }),
      plan({ overrides: ['model.dFF=16'] }),
      plan({ metric: 'loss' }),
      plan({ code: 'd' }),
      plan({ search: grid({ 'train.lr': [0.01] }) }),
      plan({ search: random({ 'train.lr': logUniform(0.1, 1) }, { trials: 2 }) }),
      plan({ search: random({ 'train.lr': logUniform(0.1, 1) }, { trials: 2, seed: 1 }) }),
    ].map((p) => p.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(plan().id).toBe(plan({}).id);
    expect(plan().id).toMatch(/^[0-9a-f]{12}$/);
  });

  test('holds a list of points in full, so that it can be made again without the study', () => {
    const search = cross([grid({ 'train.lr': [1, 2] }), grid({ 'model.dFF': [8, 16] })]);
    const again = searchFromSpec(JSON.parse(JSON.stringify(plan({ search }).spec.search)));
    expect(again).toMatchObject({ id: 'cross', points: search.points, keys: search.keys, trials: 4 });
    expect(searchFromSpec({ id: 'tpe', options: {} })).toBeUndefined();
  });
});

describe('a study in a file', () => {
  test('with plug-ins of its own and data from files is swept by processes that load it', async () => {
    const results = tempDir();
    const { rows } = await runSweep(plan(), { results, device: 'cpu', workers: 2 });
    expect(rows.map((r) => [r.status, r.variant, r.strategy])).toEqual([
      ['finished', 'a', 'mine'],
      ['finished', 'b', 'mine'],
      ['finished', 'a', 'mine'],
      ['finished', 'b', 'mine'],
    ]);
    expect(rows.every((r) => (r.bitsPerByte ?? 0) > 0)).toBe(true);
  }, 120_000);

  test('must be named where its configuration does not say everything', () => {
    expect(() => planSweep(ownStudy, {})).toThrow(SweepError);
    expect(() => planSweep(ownStudy, {})).toThrow(/name it: sweep\(study, \{ source: /);
  });

  test('that has changed since the sweep was planned fails with a message, and is not tried again', async () => {
    const changed = { ...ownStudy, model: { ...ownStudy.model, dFF: 24 } };
    const made = planSweep(changed, { source, code: 'c', scale: 'tiny' });
    const { rows } = await runSweep(made, {
      results: tempDir(),
      device: 'cpu',
      workers: 2,
      output: { write: () => {} },
    });
    expect(rows.map((r) => [r.status, r.cause])).toEqual(Array(2).fill(['failed', 'user']));
    expect(rows[0]?.error).toMatch(/ownStudy.ts has changed since the sweep began: run .* is not in it; sweep it anew/);
  }, 120_000);
});

test('a variant that there is not is named beside those of the scale', () => {
  const { isChecked: _, ...options } = ownStudy;
  const study = defineStudy({ ...options, scales: { tiny: { variants: { c: {}, d: {} } } } });
  const search = grid({ variant: ['another'] });
  const message = (scale?: string) => {
    const made = planSweep(study, { source, search, ...(scale === undefined ? {} : { scale }) });
    return () => checkedRuns(made, { trial: 0, point: { variant: 'another' } }, new Map());
  };
  expect(message('tiny')).toThrow('there is no variant another; there are c, d');
  expect(message()).toThrow('there is no variant another; there are a, b');
});

describe('a malformed study', () => {
  const { isChecked: _, ...unchecked } = fakeStudy;
  test.each([
    ['a sweep that is no search', { id: 'grid', keys: [] }, /the study's sweep is not one; make it with grid/],
    [
      'a sweep of an unknown setting',
      grid({ 'train.lrr': [1] }),
      /there is no setting train.lrr; did you mean train.lr/,
    ],
  ])('%s is refused', (_, sweep, message) => {
    const study = defineStudy({ ...unchecked, sweep });
    expect(() => planSweep(study).runsOf({ trial: 0, point: { 'train.lrr': 1 } })).toThrow(message);
  });

  test('is refused when it is defined', () => {
    expect(() => defineStudy({ ...unchecked, sweep: 3 as never })).toThrow(/sweep: /);
    expect(() => planSweep(fakeStudy, { scale: 'tny' })).toThrow(/has no scale tny/);
    expect(() => planSweep(fakeStudy, { overrides: ['model.x=1'] })).toThrow(OverrideError);
  });
});
