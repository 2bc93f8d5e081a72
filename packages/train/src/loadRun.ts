// A trained model from its run folder: configuration made live again, and the parameters of a checkpoint.
import {
  ConfigError,
  type ModelConfig,
  type ModelOptions,
  modelConfig,
  type Params,
  paramSpecs,
  type Strategy,
  strategies,
  strategyById,
} from '@looplab/core';
import { type Task, taskById } from '@looplab/tasks';
import { bestCheckpoint, type CheckpointEntry, listCheckpoints, loadCheckpoint } from './checkpoint.ts';
import { RunFolderError } from './errors.ts';
import { paramsFromHost } from './hostTensors.ts';
import { readJson } from './runFolder.ts';
import type { ScalePatch, Study } from './study.ts';

/** A model as a run left it. */
export interface LoadedRun {
  readonly dir: string;
  readonly study: string;
  readonly variant: string | undefined;
  readonly seed: number;
  readonly model: ModelConfig;
  readonly strategy: Strategy;
  readonly task: Task;
  /** Updates that had been made. */
  readonly step: number;
  /** The caller's to dispose of. */
  readonly params: Params;
}

export interface LoadRunOptions {
  /** Which checkpoint: the newest, that of the lowest held-out loss, or that of a step. Default `last`. */
  readonly checkpoint?: 'last' | 'best' | number;
  /** Where to find a strategy that is not in the registry. */
  readonly study?: Study;
}

/**
 * @throws RunFolderError if the folder is no run or has no such checkpoint, ConfigError if its configuration names
 * something that is not known here, CheckpointError if the checkpoint is damaged
 */
export function loadRun(dir: string, options: LoadRunOptions = {}): LoadedRun {
  const config = readJson(`${dir}/config.json`) as Config | undefined; // written by trainRun
  if (config?.strategy === undefined || config.task === undefined || config.model === undefined) {
    throw new RunFolderError(`${dir} is not a run folder: its config.json is missing or names no model; give one run`);
  }
  const { name, ...taskOptions } = config.task;
  const strategy = strategyOf(config.strategy, options.study);
  const model = modelConfig(config.model);
  const entry = chosen(dir, options.checkpoint ?? 'last');
  const saved = loadCheckpoint(entry.path);
  return {
    dir,
    study: config.study ?? 'untitled',
    variant: config.variant,
    seed: config.seed ?? 0,
    model,
    strategy,
    task: taskById(name, taskOptions),
    step: saved.step,
    params: paramsFromHost(saved.params, paramSpecs(model, strategy)),
  };
}

interface Config {
  readonly study?: string;
  readonly variant?: string;
  readonly seed?: number;
  readonly model?: ModelOptions;
  readonly strategy?: { readonly id: string };
  readonly task?: { readonly name: string };
}

function strategyOf({ id, ...options }: { readonly id: string }, study: Study | undefined): Strategy {
  if (strategies.some((s) => s.id === id)) return strategyById(id, options);
  const same = JSON.stringify(options);
  const found = study && strategiesIn(study).find((s) => s.id === id && JSON.stringify(s.options) === same);
  if (found) return found;
  throw new ConfigError(
    `strategy ${id} is not in the registry${study ? `, and study ${study.name} has none with these options` : ''}; name the study file that brings it`,
  );
}

/** Those of the study and its scales, and of the arms of each. */
function strategiesIn(study: Study): Strategy[] {
  const sizes: ScalePatch[] = [study, ...Object.values(study.scales ?? {})];
  return sizes
    .flatMap((size) => [size, ...Object.values(size.variants ?? {})])
    .flatMap((patch) => patch.strategy ?? []);
}

function chosen(dir: string, which: 'last' | 'best' | number): CheckpointEntry {
  const entries = listCheckpoints(`${dir}/checkpoints`);
  const found =
    which === 'last'
      ? entries.at(-1)
      : which === 'best'
        ? (bestCheckpoint(entries) ?? entries.at(-1))
        : entries.find((e) => e.step === which);
  if (found) return found;
  const steps = entries.map((e) => e.step).join(', ');
  throw new RunFolderError(
    entries.length === 0
      ? `${dir} has no checkpoint yet; wait for the first one`
      : `${dir} has no checkpoint of step ${which}; it has those of steps ${steps}`,
  );
}
