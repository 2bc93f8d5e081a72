// Checks a study when its file is loaded, long before its first run.
import { z } from 'zod';
import { StudyError } from './errors.ts';
import { resolveRuns } from './resolveRuns.ts';
import type { Study, StudyOptions } from './study.ts';

const plugin = z.looseObject({ id: z.string() });
const settings = z.record(z.string(), z.unknown());
const patchShape = {
  task: z.looseObject({ name: z.string(), vocab: z.number(), seq: z.number() }).optional(),
  model: settings.optional(),
  strategy: plugin.optional(),
  objective: plugin.optional(),
  train: settings.optional(),
  stages: z.array(z.looseObject({ name: z.string() })).optional(),
};
const sweep = z.looseObject({ id: z.string(), keys: z.array(z.string()) }).optional();
const seeds = z.union([z.int().min(1), z.array(z.int().min(0)).min(1)]).optional();
const name = z.string().regex(/^[A-Za-z0-9][\w-]*$/, 'must be made of letters, digits, - and _');

const variants = z.record(name, z.strictObject(patchShape)).optional();

/** The outer shape; model, train and plug-ins are checked by their own schemas when runs are resolved. */
const studyShape = z.strictObject({
  name,
  description: z.string().optional(),
  ...patchShape,
  task: patchShape.task.unwrap(),
  model: settings,
  strategy: plugin,
  objective: plugin,
  train: settings,
  seeds,
  variants,
  sweep,
  scales: z.record(name, z.strictObject({ ...patchShape, seeds, variants, sweep })).optional(),
});

/**
 * Checks a study, each of its variants at each of its scales, and returns it. The study as it stands is also its scale `small`, if it
 * names no other.
 * @throws StudyError, ConfigError, StrategyError, ObjectiveError naming what is wrong and where
 */
export function defineStudy(study: StudyOptions): Study {
  const parsed = studyShape.safeParse(study);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const at = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
      return `  ${at}${issue.message}`;
    });
    throw new StudyError(
      `the study${typeof study?.name === 'string' ? ` ${study.name}` : ''} is not valid:\n${lines.join('\n')}`,
    );
  }
  const checked: Study = { ...study, scales: { small: {}, ...study.scales }, isChecked: true };
  for (const scale of [undefined, ...Object.keys(study.scales ?? {})]) {
    try {
      resolveRuns(checked, scale === undefined ? {} : { scale });
    } catch (error) {
      // The plug-ins' own messages say what to do; only the place is missing.
      if (error instanceof Error && scale !== undefined) error.message = `scale ${scale}: ${error.message}`;
      throw error;
    }
  }
  return checked;
}
