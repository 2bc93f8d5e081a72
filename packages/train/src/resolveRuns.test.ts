// From studies, scales and settings to runs, and what is refused on the way.
import { fixedLoops, loopLM, plain } from '@looplab/core';
import { entropyRegularised, lastLoop } from '@looplab/objectives';
import { groupWords, mano } from '@looplab/tasks';
import { describe, expect, test } from 'vitest';
import { defineStudy } from './defineStudy.ts';
import { OverrideError, StudyError } from './errors.ts';
import { resolveRuns } from './resolveRuns.ts';
import type { StudyOptions } from './study.ts';

const base: StudyOptions = {
  name: 'words',
  task: groupWords({ group: 'S3', seq: 8 }),
  model: { dModel: 16, heads: 2, layers: 1, loops: 4 },
  strategy: loopLM(),
  objective: entropyRegularised({ beta: 0.1 }),
  train: { steps: 100, batch: 8 },
  seeds: 2,
  variants: {
    looped: {},
    plain: { strategy: plain(), objective: lastLoop(), model: { loops: 1 } },
  },
  scales: {
    tiny: { model: { dModel: 8 }, train: { steps: 5 }, seeds: 1, task: groupWords({ group: 'Z2', seq: 4 }) },
  },
};
const study = defineStudy(base);
const runs = (overrides: string[], scale?: string) =>
  resolveRuns(study, scale === undefined ? { overrides } : { overrides, scale });

describe('resolveRuns', () => {
  test('gives variants times seeds, seed by seed', () => {
    expect(runs([]).map((r) => `${r.seed} ${r.variant} ${r.model.loops}`)).toEqual([
      '0 looped 4',
      '0 plain 1',
      '1 looped 4',
      '1 plain 1',
    ]);
  });

  test('a scale may have arms of its own', () => {
    const short = defineStudy({
      ...base,
      scales: { tiny: { variants: { short: { train: { steps: 1 } } }, seeds: 1 } },
    });
    expect(resolveRuns(short, { scale: 'tiny' }).map((r) => [r.variant, r.train.steps])).toEqual([['short', 1]]);
    expect(resolveRuns(short)).toHaveLength(4);
  });

  test('a study without variants is its own arm', () => {
    const { variants: _, ...rest } = base;
    const [run, ...more] = resolveRuns(defineStudy({ ...rest, seeds: [7] }));
    expect(more).toEqual([]);
    expect([run?.seed, run?.variant]).toEqual([7, undefined]);
    expect(run?.config).not.toHaveProperty('variant');
  });

  test('a scale changes what it names and keeps the rest', () => {
    const scaled = runs([], 'tiny');
    expect(scaled).toHaveLength(2);
    expect(scaled[0]).toMatchObject({ model: { dModel: 8, layers: 1, vocab: 2 }, train: { steps: 5, batch: 8 } });
    expect(() => runs([], 'tinny')).toThrow('study words has no scale tinny; did you mean tiny?');
  });

  test('the study as it stands is its scale small, with the same runs, unless it has one', () => {
    const configs = (of: ReturnType<typeof runs>) => of.map((r) => r.config);
    expect(configs(runs([], 'small'))).toEqual(configs(runs([])));
    const other = defineStudy({ ...base, scales: { small: { seeds: 1 } } });
    expect(resolveRuns(other, { scale: 'small' })).toHaveLength(2);
  });

  test('a setting changes the base, and variants keep what makes them variants', () => {
    const [looped, plainRun] = runs([
      'model.loops=6',
      'train.lr=2e-4',
      'seeds=1',
      'objective.beta=0.05',
      'task.seq=12',
    ]);
    expect(looped).toMatchObject({ model: { loops: 6 }, train: { lr: 2e-4 }, task: { seq: 12 } });
    expect(looped?.config.objective).toMatchObject({ id: 'entropyRegularised', beta: 0.05 });
    expect(plainRun).toMatchObject({ model: { loops: 1 }, train: { lr: 2e-4 }, task: { seq: 12 } });
  });

  test('a setting for one variant changes that one', () => {
    const [looped, plainRun] = runs(['variants.plain.model.layers=4']);
    expect([looped?.model.layers, plainRun?.model.layers]).toEqual([1, 4]);
  });

  test('settings override scales', () => {
    const [looped] = runs(['model.dModel=32', 'seeds=[5]'], 'tiny');
    expect([looped?.model.dModel, looped?.seed]).toEqual([32, 5]);
  });

  test('an unknown setting names the nearest known one', () => {
    expect(() => runs(['model.loop=4'])).toThrow(OverrideError);
    expect(() => runs(['model.loop=4'])).toThrow('there is no setting model.loop; did you mean model.loops?');
    expect(() => runs(['objective.betta=1'])).toThrow('did you mean objective.beta?');
    expect(() => runs(['task.sequence=1'])).toThrow('there is no setting task.sequence');
    expect(() => runs(['seed=1'])).toThrow('did you mean seeds?');
    expect(() => runs(['variants.plan.model.layers=1'])).toThrow('there is no variant plan; did you mean plain?');
    expect(() => runs(['variants.plain.objective.beta=1'])).toThrow('there is no setting objective.beta');
  });

  test('a wrong type says what is expected', () => {
    expect(() => runs(['model.loops=four'])).toThrow('loops must be a number (got "four"); set model.loops');
    expect(() => runs(['train.steps=1.5'])).toThrow('steps must be a whole number (got 1.5); set train.steps');
    expect(() => runs(['objective.beta=-1'])).toThrow('beta must be >= 0 (got -1); set objective.beta');
    expect(() => runs(['task.seq=long'])).toThrow(/seq/);
    expect(() => runs(['seeds=0'])).toThrow(/seeds must be a number >= 1/);
    expect(() => runs(['seeds=[1,1]'])).toThrow(/different/);
  });

  test('a setting that no variant would see is refused with the way to set it', () => {
    const both = defineStudy({
      ...base,
      variants: {
        two: { model: { loops: 2 } },
        three: { model: { loops: 3 }, strategy: fixedLoops(), objective: lastLoop() },
      },
    });
    expect(() => resolveRuns(both, { overrides: ['model.loops=6'] })).toThrow(
      'every variant sets model.loops itself (two, three); write variants.two.model.loops=6',
    );
  });

  test('what cannot be run names the variant', () => {
    expect(() => runs(['variants.plain.model.loops=2'])).toThrow(/^variant plain: loops must be 1 with strategy plain/);
  });
});

describe('defineStudy', () => {
  const wrong =
    (more: object): (() => void) =>
    () =>
      void defineStudy({ ...base, ...more } as StudyOptions);

  test('checks the outer shape', () => {
    expect(wrong({ name: 'a/b' })).toThrow(StudyError);
    expect(wrong({ name: 'a/b' })).toThrow(/name: must be made of letters/);
    expect(wrong({ seed: 3 })).toThrow(/Unrecognized key: "seed"/);
    expect(wrong({ seeds: 0 })).toThrow(/seeds/);
    expect(wrong({ strategy: 'loopLM' })).toThrow(/strategy: .*expected object/);
    expect(() => defineStudy(undefined as unknown as StudyOptions)).toThrow(StudyError);
  });

  test('checks every variant at every scale', () => {
    expect(wrong({ model: { ...base.model, dModel: 15 } })).toThrow(/heads must divide dModel/);
    expect(wrong({ model: { ...base.model, width: 3 } })).toThrow(/model has no option 'width'/);
    expect(wrong({ scales: { big: { model: { dModel: 15 } } } })).toThrow(
      /^scale big: variant looped: heads must divide/,
    );
    expect(wrong({ variants: { bad: { objective: lastLoop(), strategy: plain() } } })).toThrow(
      /^variant bad: loops must be 1/,
    );
    expect(wrong({ stages: [] })).toThrow(/stages is empty/);
    expect(wrong({ stages: [{ name: 'x', objective: { id: 'lastloop' } }] })).toThrow(/did you mean 'lastLoop'/);
    expect(wrong({ stages: [{ name: 'x', carry: 'rows' }] })).toThrow(/has no renew\(\) to say when one is done/);
  });

  test('takes the example of the design', () => {
    const mine = defineStudy({
      name: 'mano',
      task: mano({ modulus: 23, maxOps: 10 }),
      model: { dModel: 1024, heads: 16, layers: 2, loops: 6 },
      strategy: loopLM(),
      objective: entropyRegularised({ beta: 0.1 }),
      train: { steps: 80_000, batch: 128, lr: 2e-4 },
      seeds: 3,
    });
    expect(resolveRuns(mine)).toHaveLength(3);
  });
});
