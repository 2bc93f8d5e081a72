// From a study, a scale and what was typed on the command line to the list of runs.
import { modelSchema, nearest, type Strategy, strategies, strategyById } from '@looplab/core';
import { type Objective, objectiveById, objectives } from '@looplab/objectives';
import { type Task, taskById, tasks } from '@looplab/tasks';
import type { z } from 'zod';
import { OverrideError, StudyError } from './errors.ts';
import { assertKnown, keysOf, type Override, parseOverride } from './override.ts';
import { planRun, type RunOptions, type RunPlan } from './runPlan.ts';
import type { Study, StudyPatch } from './study.ts';
import { trainSchema } from './trainConfig.ts';

export interface ResolveOptions {
  /** One of the study's scales; default: the study as it is. */
  readonly scale?: string;
  /** Settings such as `model.loops=4`, `objective.beta=0.05`, `seeds=3` or `variants.plain.model.layers=4`. */
  readonly overrides?: readonly string[];
}

type Draft = Pick<RunOptions, 'task' | 'model' | 'strategy' | 'objective' | 'train' | 'stages'>;
type Patch = StudyPatch;

/** The arm of a study without variants. */
const ONLY = '';

/**
 * Every run of the study, seed by seed, so that a study stopped half-way has compared its variants. Later settings win:
 * the study, its scale, settings typed without a variant, the variant, settings typed for the variant.
 * @throws OverrideError for an unknown or ineffective setting, StudyError and the plug-ins' errors for what cannot be run
 */
export function resolveRuns(study: Study, options: ResolveOptions = {}): RunPlan[] {
  const overrides = (options.overrides ?? []).map(parseOverride);
  const scale = scaleOf(study, options.scale);
  const base = patched(study, scale);
  const arms = scale.variants ?? study.variants;
  const variants = Object.entries<Patch>(arms ?? { [ONLY]: {} });

  const seedText = overrides.findLast((o) => o.path.join('.') === 'seeds');
  const seeds = seedsFrom(seedText ? seedText.value : (scale.seeds ?? study.seeds ?? 1), seedText?.text);
  const general = overrides.filter((o) => o.path[0] !== 'seeds' && o.path[0] !== 'variants');
  for (const o of general) assertEffective(o, base, variants);
  const special = overrides.filter((o) => o.path[0] === 'variants').map((o) => forVariant(o, Object.keys(arms ?? {})));

  const shared = general.reduce(overridden, base);
  const drafts = variants.map(([variant, patch]) => {
    const own = special.filter((o) => o.variant === variant).map((o) => o.override);
    return [variant, own.reduce(overridden, patched(shared, patch))] as const;
  });
  return seeds.flatMap((seed) =>
    drafts.map(([variant, draft]) => {
      try {
        return planRun({ ...draft, study: study.name, seed, ...(variant === ONLY ? {} : { variant }) });
      } catch (error) {
        // The message says what is wrong; which arm it is wrong in only this loop knows.
        if (error instanceof Error && variant !== ONLY) error.message = `variant ${variant}: ${error.message}`;
        throw error;
      }
    }),
  );
}

function scaleOf(study: Study, scale: string | undefined): NonNullable<Study['scales']>[string] {
  if (scale === undefined) return {};
  const known = Object.keys(study.scales ?? {});
  const found = known.includes(scale) ? study.scales?.[scale] : undefined;
  if (found) return found;
  const close = nearest(scale, known);
  const list = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
  throw new StudyError(
    `study ${study.name} has no scale ${scale}; ${close === undefined ? list : `did you mean ${close}?`}`,
  );
}

function patched(base: Draft, patch: Patch): Draft {
  const stages = patch.stages ?? base.stages;
  return {
    task: patch.task ?? base.task,
    strategy: patch.strategy ?? base.strategy,
    objective: patch.objective ?? base.objective,
    model: { ...base.model, ...patch.model } as Draft['model'], // a partial patch leaves required keys in place
    train: { ...base.train, ...patch.train } as Draft['train'],
    ...(stages === undefined ? {} : { stages }),
  };
}

/** `draft` with one setting changed; plug-ins are made again from their options. */
function overridden(draft: Draft, override: Override): Draft {
  assertKnown(override, knownKeys(draft));
  const [group, name] = override.path as [keyof Draft, string]; // known keys have two parts
  const set = (options: object): Record<string, unknown> => ({ ...options, [name]: override.value });
  switch (group) {
    case 'model':
      return { ...draft, model: set(draft.model) as unknown as Draft['model'] }; // checked by planRun
    case 'train':
      return { ...draft, train: set(draft.train) as unknown as Draft['train'] }; // checked by planRun
    case 'strategy':
      return { ...draft, strategy: strategyById(draft.strategy.id, set(draft.strategy.options)) };
    case 'objective':
      return { ...draft, objective: objectiveById(draft.objective.id, set(draft.objective.options)) };
    default:
      return { ...draft, task: taskById(draft.task.name, set(taskOptions(draft.task))) };
  }
}

function knownKeys({ task, strategy, objective }: Draft): string[] {
  const of = (schema: z.ZodObject | undefined, group: string): string[] => (schema ? keysOf(schema, group) : []);
  return [
    ...keysOf(modelSchema, 'model'),
    ...keysOf(trainSchema, 'train'),
    ...of(strategyKind(strategy)?.schema, 'strategy'),
    ...of(objectiveKind(objective)?.schema, 'objective'),
    ...of(taskSchema(task), 'task'),
  ];
}

const strategyKind = (s: Strategy) => strategies.find((kind) => kind.id === s.id);
const objectiveKind = (o: Objective) => objectives.find((kind) => kind.id === o.id);

/** The schema of a task that can be made again from its own description, else undefined. */
function taskSchema(task: Task): z.ZodObject | undefined {
  const schema = tasks[task.name]?.options;
  return schema?.safeParse(taskOptions(task)).success ? schema : undefined;
}

function taskOptions(task: Task): object {
  const { name: _, ...options } = task.config;
  return options;
}

/** A general setting that every variant replaces would be ignored in silence. */
function assertEffective(override: Override, base: Draft, variants: readonly (readonly [string, Patch])[]): void {
  assertKnown(override, [...knownKeys(base), 'seeds']);
  const [group, name] = override.path as [keyof Patch, string]; // known keys have two parts
  const replaces = (patch: Patch): boolean => {
    if (group === 'model' || group === 'train') return Object.hasOwn(patch[group] ?? {}, name);
    return patch[group] !== undefined;
  };
  if (!variants.every(([, patch]) => replaces(patch))) return;
  const names = variants.map(([variant]) => variant);
  const key = override.path.join('.');
  throw new OverrideError(
    `every variant sets ${key} itself (${names.join(', ')}); write variants.${names[0]}.${override.text}`,
  );
}

function forVariant(override: Override, known: readonly string[]): { variant: string; override: Override } {
  const [, variant = '', ...path] = override.path;
  if (!known.includes(variant)) {
    const close = nearest(variant, known);
    const list = known.length > 0 ? `there are ${known.join(', ')}` : 'the study has none';
    throw new OverrideError(`there is no variant ${variant}; ${close === undefined ? list : `did you mean ${close}?`}`);
  }
  return { variant, override: { ...override, path } };
}

function seedsFrom(seeds: unknown, text?: string): number[] {
  const isSeed = (s: unknown): s is number => Number.isSafeInteger(s) && Number(s) >= 0;
  if (isSeed(seeds) && seeds > 0) return Array.from({ length: seeds }, (_, i) => i);
  if (Array.isArray(seeds) && seeds.length > 0 && seeds.every(isSeed)) {
    if (new Set(seeds).size === seeds.length) return seeds;
  }
  const problem = `seeds must be a number >= 1 or a list of different whole numbers >= 0 (got ${JSON.stringify(seeds)})`;
  throw text === undefined ? new StudyError(problem) : new OverrideError(problem);
}
