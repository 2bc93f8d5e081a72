// A study: one question, with its variants, seeds and scales.
import type { Strategy } from '@looplab/core';
import type { Objective } from '@looplab/objectives';
import type { Task } from '@looplab/tasks';
import type { StageOptions, StudyModel } from './runPlan.ts';
import type { TrainOptions } from './trainConfig.ts';

/** Differences from a study's base. Settings of `model` and `train` are merged key by key, everything else is replaced. */
export interface StudyPatch {
  readonly task?: Task;
  readonly model?: Partial<StudyModel>;
  readonly strategy?: Strategy;
  readonly objective?: Objective;
  readonly train?: Partial<TrainOptions>;
  readonly stages?: readonly StageOptions[];
}

/** Which settings a sweep of the study varies; `grid`, `random`, `tpe`, ... of `@looplab/sweep` make one. */
export interface StudySweep {
  readonly id: string;
  /** Every setting that it varies. */
  readonly keys: readonly string[];
}

/** A size at which the study can be run; may also change the seeds, the arms and what a sweep varies. */
export interface ScalePatch extends StudyPatch {
  readonly seeds?: number | readonly number[];
  /** Instead of the study's arms. */
  readonly variants?: Readonly<Record<string, StudyPatch>>;
  readonly sweep?: StudySweep;
}

/** A study as its file gives it. */
export interface StudyOptions {
  /** Name of its folder under `results/`: letters, digits, `-`, `_`. */
  readonly name: string;
  /** The question, in a sentence. */
  readonly description?: string;
  readonly task: Task;
  readonly model: StudyModel;
  readonly strategy: Strategy;
  readonly objective: Objective;
  readonly train: TrainOptions;
  readonly stages?: readonly StageOptions[];
  /** How many seeds (counted from 0), or which. Default 1. */
  readonly seeds?: number | readonly number[];
  /** Arms to compare, each by its differences from the study. Without any, the study is its only arm. */
  readonly variants?: Readonly<Record<string, StudyPatch>>;
  /** What `looplab sweep` varies. */
  readonly sweep?: StudySweep;
  /** Smaller or larger versions, chosen by name when the study is run; `small` is the study as it stands unless it is given. */
  readonly scales?: Readonly<Record<string, ScalePatch>>;
}

/** A study that was checked by `defineStudy`. */
export interface Study extends StudyOptions {
  readonly isChecked: true;
}
