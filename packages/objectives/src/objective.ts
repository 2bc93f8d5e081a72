// What is optimised: an objective turns the traces of a batch into named scalar terms.
import type { Batch, Strategy, Trace } from '@looplab/core';
import { ConfigError } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';

/** What an objective must find in a trace beyond the last readout; a strategy lists the same words in `gives`. */
export type TraceNeed = Strategy['gives'][number];

/** Scalars by name; `total`, their sum, is what is minimised. */
export type Terms = Readonly<Record<string, tf.Tensor>> & { readonly total: tf.Tensor };

export interface ObjectiveContext {
  readonly train: boolean;
}

export interface Objective {
  readonly id: string;
  /** Plain JSON from which `objectiveById(id, options)` makes the objective again. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly needs: readonly TraceNeed[];
  /** What it needs of a batch beyond targets: `chain`, the reasoning step that each loop should say. */
  readonly batchNeeds?: readonly 'chain'[];
  /**
   * Which loops are read out; every readout costs a product with the head. `gradient`: those that the plan gives gradient.
   * With anything but `all`, a trainer may leave the loops before them out of the trace (`TraceOptions.from`).
   */
  readonly readouts: 'last' | 'gradient' | 'all';
  /** Patterns of the parameters that gradients reach; `'all'` where nothing is cut on purpose. */
  readonly trains: 'all' | readonly string[];
  terms(traces: readonly Trace[], batch: Batch, ctx?: ObjectiveContext): Terms;
}

/** An objective that asks for something the strategy's traces do not have. */
export class ObjectiveError extends ConfigError {}

/** `terms` and their `total`. What the strategy's steps left in `Trace.terms` counts only if an objective asks for it. */
export function sumTerms(terms: Readonly<Record<string, tf.Tensor>>): Terms {
  return { ...terms, total: Object.values(terms).reduce((a, b) => tf.add(a, b)) };
}

/** The one trace of a strategy with one trajectory. */
export function onlyTrace(id: string, traces: readonly Trace[]): Trace {
  const [trace] = traces;
  if (!trace || traces.length !== 1) {
    throw new ObjectiveError(
      `objective ${id} is defined on one trajectory (got ${traces.length}); choose an objective that needs 'trajectories'`,
    );
  }
  return trace;
}

/** The two trajectories of training, or the one of evaluation. */
export function pairOfTraces(id: string, traces: readonly Trace[]): readonly [Trace, Trace?] {
  const [first, second] = traces;
  if (!first || traces.length > 2) {
    throw new ObjectiveError(
      `objective ${id} compares two trajectories (got ${traces.length}); use a strategy that plans a pair, such as loopFormer or deepThinking`,
    );
  }
  return second ? [first, second] : [first];
}

/** The halting logits, one [batch, seq] tensor a step. */
export function haltLogits(id: string, trace: Trace): readonly tf.Tensor[] {
  if (trace.halt.length !== trace.states.length) {
    throw new ObjectiveError(
      `objective ${id} needs a halting gate and the trace has none; use a strategy that gives 'halt', such as loopLM`,
    );
  }
  return trace.halt;
}
