// A compiled update behind one call, whole or in micro-batches, from a task's batch to the next state.
import {
  type Batch,
  drawNoise,
  fold,
  isLoop,
  type Key,
  type Noise,
  type Params,
  paramSpecs,
  type State,
  trainingPlans,
} from '@looplab/core';
import { compile } from '@looplab/engine';
import { type ChainTargets, chainTargets, type TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { batchTensors } from './batch.ts';
import { disposeTree } from './disposeTree.ts';
import { StudyError } from './errors.ts';
import { leadIn } from './leadIn.ts';
import { zerosFor } from './namedTensors.ts';
import type { ResolvedStage, RunPlan } from './runPlan.ts';
import {
  accumulateStep,
  applyStep,
  type Carried,
  type Given,
  type Part,
  type StepMetrics,
  type StepSetup,
  type TrainState,
  trainStep,
} from './trainStep.ts';
import { type Trajectory, trajectoriesOf, type UpdateDepth } from './updatePlan.ts';

/** What an update is made of besides parameters. */
interface Update extends UpdateDepth {
  readonly batch: TaskBatch;
  readonly lr: number;
  readonly noise: Key;
  readonly carry?: Given['carry'];
}

/** What an update leaves. Its tensors are the caller's, not yet read. */
interface Updated {
  readonly state: TrainState;
  readonly metrics: StepMetrics;
  readonly carried: Carried | null;
}

/** The compiled updates of a stage. */
export interface Stepper {
  /** One update; the state passed in is given up. */
  step(state: TrainState, frozen: Params, update: Update): Promise<Updated>;
  /** The state before the first step, of the batch of an update: what a stage that carries states begins with. */
  begin(params: Params, update: Update): Promise<State>;
  /** Frees the compiled programs. */
  release(): Promise<void>;
}

/**
 * Programs of updates that a run may compile. Sampled depths need one for each number of steps with gradient; more than
 * these is a schedule whose hyper-parameters take too many values.
 */
const MOST_PROGRAMS = 32;

/** The tensors of one program's call that do not depend on parameters. */
interface Fed {
  readonly batch: Batch;
  readonly noise: Noise;
}

/** Compiles the updates of a stage. Micro-batches are equal runs of rows, computed one after the other. */
export function stepper(plan: RunPlan, stage: ResolvedStage): Stepper {
  const { model, strategy, task } = plan;
  const { objective, train, rewrite, carry } = stage;
  const specs = paramSpecs(model, strategy);
  const rows = train.batch / train.microBatches;
  const carries = carry === 'rows';
  const setupOf = (depth: UpdateDepth, trajectories: readonly Trajectory[]): StepSetup => ({
    ...{ model, strategy, objective, specs, train, rewrite, carries, loops: depth.loops, hp: depth.hp },
    behind: trajectories.map((t) => t.leading),
  });
  const wholes = new Programs((setup) => compile(trainStep(setup), { donate: [0], name: 'trainStep' }));
  const parts = new Programs((setup) => compile(accumulateStep(setup), { donate: [0], name: 'accumulateStep' }));
  const apply = compile(applyStep(setupOf({ loops: model.loops, hp: {} }, [])), { donate: [0, 1], name: 'applyStep' });
  const lead = leadIn(model, strategy);

  const needsChain = objective.batchNeeds?.includes('chain') ?? false;
  /** What each loop should say, for all rows of an update. */
  const chainOf = (update: Update): ChainTargets | undefined =>
    needsChain ? chainTargets(task, update.batch, loopsMade(plan, update)) : undefined;
  const feed = ({ batch, loops }: Update, chain: ChainTargets | undefined, part: number, draw: Key): Fed => ({
    batch: batchTensors(batch, part * rows, rows, chain),
    noise: drawNoise(model, strategy, { batch: rows, seq: batch.seq, loops }, draw),
  });
  /** The states from which the trajectories go on after their leading steps. */
  const given = async (
    params: Params,
    fed: Fed,
    update: Update,
    trajectories: readonly Trajectory[],
  ): Promise<Given> => {
    const starts = await lead.states(params, fed.batch, fed.noise, trajectories, update);
    return { ...(starts ? { starts } : {}), ...(update.carry ? { carry: update.carry } : {}) };
  };

  const whole = async (state: TrainState, frozen: Params, update: Update): Promise<Updated> => {
    const trajectories = trajectoriesOf(plan, stage, update);
    const fed = { ...feed(update, chainOf(update), 0, update.noise), lr: tf.scalar(update.lr) };
    const all = { ...frozen, ...state.params };
    const from = await given(all, fed, update, trajectories);
    const run = wholes.for(setupOf(update, trajectories), trajectories);
    const [next, metrics, carried] = await run(state, frozen, fed.batch, fed.noise, fed.lr, from);
    disposeTree({ fed, starts: from.starts ?? [] });
    return { state: next, metrics, carried };
  };

  const inParts = async (state: TrainState, frozen: Params, update: Update): Promise<Updated> => {
    const trajectories = trajectoriesOf(plan, stage, update);
    const run = parts.for(setupOf(update, trajectories), trajectories);
    const chain = chainOf(update);
    let grads = zerosFor(state.params);
    const done: Part[] = [];
    for (let i = 0; i < train.microBatches; i++) {
      const fed = feed(update, chain, i, fold(update.noise, i));
      const from = await given({ ...frozen, ...state.params }, fed, update, trajectories);
      const [sum, part] = await run(grads, state.params, frozen, fed.batch, fed.noise, from);
      grads = sum;
      done.push(part);
      disposeTree({ fed, starts: from.starts ?? [] });
    }
    const rate = tf.scalar(update.lr);
    const [next, metrics] = await apply(state, grads, done, rate);
    disposeTree({ done, rate });
    return { state: next, metrics, carried: null };
  };

  return {
    step: train.microBatches === 1 ? whole : inParts,
    begin: async (params, update) => {
      const fed = feed(update, chainOf(update), 0, update.noise);
      const state = await lead.begin(params, rewrite ? rewrite(fed.batch) : fed.batch, fed.noise);
      disposeTree(fed);
      return state;
    },
    release: async () => {
      await Promise.all([wholes.release(), parts.release(), apply.release(), lead.release()]);
    },
  };
}

/** Loops that an update reads in its first trajectory, which a plan may make more or fewer than were asked for. */
function loopsMade({ model, strategy }: RunPlan, depth: UpdateDepth): number {
  const [first] = trainingPlans(model, strategy, depth);
  return first?.steps.filter(isLoop).length ?? depth.loops;
}

/** One program for each kind of update. */
class Programs<P extends { release(): Promise<void> }> {
  readonly #make: (setup: StepSetup) => P;
  readonly #made = new Map<string, P>();

  constructor(make: (setup: StepSetup) => P) {
    this.#make = make;
  }

  for(setup: StepSetup, trajectories: readonly Trajectory[]): P {
    const kind = this.#kindOf(setup, trajectories);
    const known = this.#made.get(kind);
    if (known) return known;
    if (this.#made.size === MOST_PROGRAMS) {
      throw new StudyError(
        `strategy ${setup.strategy.id}: schedule() asks for more than ${MOST_PROGRAMS} different kinds of updates, each of which is compiled; let loops and hp take few values (now loops ${setup.loops}, hp ${JSON.stringify(setup.hp)})`,
      );
    }
    const made = this.#make(setup);
    this.#made.set(kind, made);
    return made;
  }

  /** Updates of one kind have one graph: for a stationary strategy that is what is left of the plans, else the depth as well. */
  #kindOf({ strategy, loops, hp }: StepSetup, trajectories: readonly Trajectory[]): string {
    const left = trajectories.map(({ plan, leading }) => ({
      tag: plan.tag,
      goesOn: leading > 0,
      steps: plan.steps.slice(leading).map(({ t: _, ...k }) => k),
    }));
    const depth = Object.entries(hp ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(strategy.stationary ? left : [left, loops, depth]);
  }

  async release(): Promise<void> {
    for (const p of this.#made.values()) await p.release();
    this.#made.clear();
  }
}
