// What a report shows of a sweep or of a folder of runs: configurations, the settings in which they differ, and what came of their runs.
import type { Metric } from '../metric.ts';
import type { Run, RunState } from '../run.ts';
import type { Setting } from '../settings.ts';
import type { Estimate } from '../statistics.ts';

/** One run, as far as it got. */
export interface SweepRun {
  readonly id: string;
  readonly seed: number;
  readonly state: RunState | 'planned' | 'unreadable';
  readonly error?: string;
  readonly cause?: 'user' | 'infra';
  /** Absent where its folder does not exist yet or cannot be read. */
  readonly run?: Run;
}

/** Runs that differ in the seed alone. */
export interface Configuration {
  /** The settings that tell it from the others: `loops 4, lr 0.001`. */
  readonly name: string;
  /** By axis label; an axis that it does not have (a conditional setting) is absent. */
  readonly at: ReadonlyMap<string, Setting>;
  readonly runs: readonly SweepRun[];
  /** Of its finished runs, at their last evaluation. */
  readonly result: Estimate;
}

/** A setting, or several that always change together, in which configurations differ. */
export interface Axis {
  /** `model.loops`, or `model.layers, model.loops`. */
  readonly label: string;
  /** The same in a word where that is unmistakable: `loops`. */
  readonly short: string;
  /** Numbers upwards, others as they come. */
  readonly values: readonly Setting[];
  readonly scale: 'linear' | 'log2' | 'log10' | 'ordinal';
}

/** What `sweep.json` says. */
export interface SweepManifest {
  readonly id: string;
  /** The study's file, as seen from here. */
  readonly source?: string;
  readonly createdAt?: string;
  readonly scale?: string;
  readonly overrides: readonly string[];
  readonly search: { readonly id: string; readonly options: Readonly<Record<string, unknown>> };
}

export interface Sweep {
  readonly dir: string;
  readonly study: string;
  /** Absent for a mere folder of runs. */
  readonly manifest?: SweepManifest;
  readonly metric: Metric;
  readonly axes: readonly Axis[];
  /** In the order in which they were chosen. */
  readonly configurations: readonly Configuration[];
}

/** Every run of a sweep that could be read. */
export function readableRuns({ configurations }: Sweep): Run[] {
  return configurations.flatMap((c) => c.runs.flatMap((r) => r.run ?? []));
}
