// The plan of a sweep that was begun before, from what its folder says.
import { relative } from 'node:path';
import type { Study } from '@looplab/train';
import type { FoundSweep } from '../control.ts';
import { SweepError } from '../errors.ts';
import { searchFromSpec } from '../search/listed.ts';
import { studyIn } from './studyIn.ts';
import { planSweep, type SweepPlan } from './sweepPlan.ts';

export interface PlanAgainOptions {
  /** Code id of the sweep, to go on with it after a change that does not matter. */
  readonly code?: string;
  /** Gives the study of a file; default: its default export. */
  readonly load?: (source: string) => Promise<Study>;
}

/**
 * Plans a sweep of a study file as it was planned when it began, so that it can be gone on with by its id:
 *
 *     const plan = await planAgain(findSweep('results', '3f2a'));
 *     const { rows } = await runSweep(plan, { retry: 'infra' });
 *
 * @throws SweepError if its study is in no file, or study or code are not what they were; what `load` throws
 */
export async function planAgain({ manifest }: FoundSweep, options: PlanAgainOptions = {}): Promise<SweepPlan> {
  const { id, spec, source } = manifest;
  const { code, load = studyIn } = options;
  if (source === null) {
    throw new SweepError(`sweep ${id} was begun by a script, not from a study file; run that script`);
  }
  const search = searchFromSpec(spec.search);
  const plan = planSweep(await load(source), {
    ...{ source, overrides: spec.overrides, metric: spec.metric },
    ...(search ? { search } : {}),
    ...(spec.scale === null ? {} : { scale: spec.scale }),
    ...(code === undefined ? {} : { code }),
  });
  if (plan.id === id) return plan;
  const what = plan.spec.code === spec.code ? `${relative(process.cwd(), source)} has` : 'the code has';
  const cure = plan.spec.code === spec.code ? '' : `, or add --code ${spec.code} if the change does not matter`;
  throw new SweepError(`${what} changed since sweep ${id} began; sweep the study anew${cure}`);
}
