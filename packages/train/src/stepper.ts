// A compiled update behind one call, whole or in micro-batches, from a task's batch to the next state.
import { type Batch, drawNoise, fold, type Key, type Params, paramSpecs } from '@looplab/core';
import { compile } from '@looplab/engine';
import type { TaskBatch } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import { batchTensors } from './batch.ts';
import type { ResolvedStage, RunPlan } from './runPlan.ts';
import {
  accumulateStep,
  applyStep,
  type Part,
  type StepMetrics,
  type TrainState,
  trainStep,
  zeroGrads,
} from './trainStep.ts';

/** The compiled updates of a stage. */
export interface Stepper {
  /** One update; the state passed in is given up. Metrics are tensors of the caller's, not yet read. */
  step(state: TrainState, frozen: Params, batch: TaskBatch, lr: number, noise: Key): Promise<[TrainState, StepMetrics]>;
  /** Frees the compiled programs. */
  release(): Promise<void>;
}

/** Compiles the updates of a stage. Micro-batches are equal runs of rows, computed one after the other. */
export function stepper(plan: RunPlan, stage: ResolvedStage): Stepper {
  const { model, strategy } = plan;
  const { objective, train } = stage;
  const setup = { model, strategy, objective, specs: paramSpecs(model, strategy), train };
  const rows = train.batch / train.microBatches;
  const inputs = (batch: TaskBatch, part: number): Batch => {
    const whole = batchTensors(batch, part * rows, rows);
    return stage.rewrite ? stage.rewrite(whole) : whole;
  };
  const noiseOf = (batch: TaskBatch, key: Key) =>
    drawNoise(model, strategy, { batch: rows, seq: batch.seq, loops: model.loops }, key);

  if (train.microBatches === 1) {
    const step = compile(trainStep(setup), { donate: [0], name: 'trainStep' });
    return {
      step: async (state, frozen, batch, lr, key) => {
        const fed = { batch: inputs(batch, 0), noise: noiseOf(batch, key), lr: tf.scalar(lr) };
        const result = await step(state, frozen, fed.batch, fed.noise, fed.lr);
        disposeTree(fed);
        return result;
      },
      release: () => step.release(),
    };
  }

  const accumulate = compile(accumulateStep(setup), { donate: [0], name: 'accumulateStep' });
  const apply = compile(applyStep(setup), { donate: [0, 1], name: 'applyStep' });
  return {
    step: async (state, frozen, batch, lr, key) => {
      let grads = zeroGrads(state.params);
      const parts: Part[] = [];
      for (let i = 0; i < train.microBatches; i++) {
        const fed = { batch: inputs(batch, i), noise: noiseOf(batch, fold(key, i)) };
        const [sum, part] = await accumulate(grads, state.params, frozen, fed.batch, fed.noise);
        grads = sum;
        parts.push(part);
        disposeTree(fed);
      }
      const rate = tf.scalar(lr);
      const result = await apply(state, grads, parts, rate);
      disposeTree({ parts, rate });
      return result;
    },
    release: async () => {
      await accumulate.release();
      await apply.release();
    },
  };
}

/** Frees every tensor in a tree of objects and arrays. */
export function disposeTree(tree: object): void {
  tf.dispose(tree as tf.TensorContainer); // the type lists the same trees, but not readonly ones
}
