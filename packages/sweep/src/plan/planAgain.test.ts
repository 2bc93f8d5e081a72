// Sweeps taken up again by their ids: planned as they began, or refused with what has changed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import ownStudy from '../../test/ownStudy.ts';
import { tempDir } from '../../test/tempDir.ts';
import { findSweep } from '../control.ts';
import { SweepError } from '../errors.ts';
import { grid } from '../search/listed.ts';
import { SweepFolder } from '../store/sweepFolder.ts';
import { planAgain } from './planAgain.ts';
import { planSweep, type SweepPlanOptions } from './sweepPlan.ts';

const source = join(import.meta.dirname, '..', '..', 'test', 'ownStudy.ts');
/** A sweep that was begun and left at once. */
function begun(options: SweepPlanOptions = {}) {
  const results = tempDir();
  const plan = planSweep(ownStudy, { source, code: 'then', ...options });
  new SweepFolder(results, plan).close();
  return { plan, found: findSweep(results, plan.id) };
}

test.each([
  ["the study's own", {}],
  ['of a scale', { scale: 'tiny' }],
  ['with settings, seeds and a metric', { overrides: ['train.batch=3'], seeds: 2, metric: 'loss' }],
  ['with a grid from elsewhere', { search: grid({ 'train.lr': [0.1, 0.2] }) }],
])('a sweep %s is planned again', async (_, options: SweepPlanOptions) => {
  const { plan, found } = begun(options);
  const again = await planAgain(found, { code: 'then' });
  expect(again.spec).toEqual(plan.spec);
  expect(again.runsOf({ trial: 0, point: {} }).map((r) => r.id)).toEqual(
    plan.runsOf({ trial: 0, point: {} }).map((r) => r.id),
  );
});

test('other code is refused, with the way to go on all the same', async () => {
  const { found, plan } = begun();
  await expect(planAgain(found)).rejects.toThrow(SweepError);
  await expect(planAgain(found)).rejects.toThrow(
    `the code has changed since sweep ${plan.id} began; sweep the study anew, or add --code then if the change does not matter`,
  );
});

test('another study is refused', async () => {
  const { found, plan } = begun();
  const load = async () => ({ ...ownStudy, name: 'other' });
  await expect(planAgain(found, { code: 'then', load })).rejects.toThrow(
    `packages/sweep/test/ownStudy.ts has changed since sweep ${plan.id} began; sweep the study anew`,
  );
});

test('a study that is in no file, in none that is there, or in one without a study is refused', async () => {
  const { found } = begun();
  const from = (path: string | null) => planAgain({ ...found, manifest: { ...found.manifest, source: path } });
  await expect(from(null)).rejects.toThrow('was begun by a script, not from a study file; run that script');
  await expect(from('/no/study.ts')).rejects.toThrow('there is no study file /no/study.ts');
  const empty = join(tempDir(), 'empty.mjs');
  writeFileSync(empty, 'export default {};\n');
  await expect(from(empty)).rejects.toThrow(`${empty} exports no study; end it with: export default defineStudy`);
});
