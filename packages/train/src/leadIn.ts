// The leading steps of an update without gradient, by repeated calls of a compiled step.
import {
  type Batch,
  beginTrajectories,
  type Micro,
  type ModelConfig,
  type Noise,
  type Params,
  repeatStep,
  type State,
  type Strategy,
} from '@looplab/core';
import { type Compiled, compile } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { disposeTree } from './disposeTree.ts';
import type { Trajectory, UpdateDepth } from './updatePlan.ts';

/** Programs for the steps before those with gradient; compiled when first needed. */
export interface LeadIn {
  /** For each trajectory the state after its leading steps, null where it has none; undefined if none has any. */
  states(
    params: Params,
    batch: Batch,
    noise: Noise,
    trajectories: readonly Trajectory[],
    depth: UpdateDepth,
  ): Promise<(State | null)[] | undefined>;
  /** The state before the first step of the first trajectory. */
  begin(params: Params, batch: Batch, noise: Noise): Promise<State>;
  release(): Promise<void>;
}

/** Steps in one call, largest first: a call hands over every parameter, which for small models is a tenth of the time or more. */
const CHUNKS = [4, 1];

type Advance = Compiled<[Params, Batch, Noise, tf.Tensor, State, number], State>;

/** @param strategy if it is not stationary, only `begin` makes sense */
export function leadIn(model: ModelConfig, strategy: Strategy): LeadIn {
  const begins = new Map<string, Compiled<[Params, Batch, Noise], { e: tf.Tensor; states: State[] }>>();
  const advances = new Map<string, Advance>();
  const beginning = (which: readonly number[], depth?: UpdateDepth) =>
    once(begins, `${which}`, () =>
      compile(
        (params: Params, batch: Batch, noise: Noise) =>
          beginTrajectories(model, strategy, params, batch, { ...depth, noise, trajectories: which }),
        { name: 'begin' },
      ),
    );
  const advancing = ({ core, dt }: Micro, depth: UpdateDepth): Advance => {
    const k: Micro = { core, t: 0, grad: false, ...(dt === undefined ? {} : { dt }) };
    return once(advances, JSON.stringify(k), () =>
      compile(
        (params: Params, batch: Batch, noise: Noise, e: tf.Tensor, state: State, count: number) =>
          repeatStep(model, strategy, params, batch, { e, state, k, count }, { ...depth, noise }),
        { donate: [4], name: 'leadingSteps' },
      ),
    );
  };
  return {
    states: async (params, batch, noise, trajectories, depth) => {
      const which = trajectories.flatMap((t, i) => (t.leading > 0 ? [i] : []));
      if (which.length === 0) return undefined;
      const first = await beginning(which, depth)(params, batch, noise);
      const out: (State | null)[] = trajectories.map(() => null);
      for (const [j, i] of which.entries()) {
        const { plan, leading } = trajectories[i] as Trajectory; // an index into them
        const advance = advancing(plan.steps[0] as Micro, depth); // a plan has a step
        let state = cloned(first.states[j] as State); // one for each index
        for (let left = leading; left > 0; ) {
          const count = CHUNKS.find((n) => n <= left) ?? 1;
          state = await advance(params, batch, noise, first.e, state, count);
          left -= count;
        }
        out[i] = state;
      }
      disposeTree(first);
      return out;
    },
    begin: async (params, batch, noise) => {
      const first = await beginning([0])(params, batch, noise);
      const state = cloned(first.states[0] as State); // one for each index
      disposeTree(first);
      return state;
    },
    release: async () => {
      for (const p of [...begins.values(), ...advances.values()]) await p.release();
    },
  };
}

/** A state that can be given up: its tensors may be the input's or another trajectory's as well. */
function cloned(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, x]) => [name, tf.clone(x)]));
}

function once<T>(known: Map<string, T>, name: string, make: () => T): T {
  const found = known.get(name) ?? make();
  known.set(name, found);
  return found;
}
