// A small looped model with random weights, for tests of what has to work on real layers.
import { initParams, key, loopLM, modelConfig, paramSpecs } from '@looplab/core';
import { groupWords, type Task } from '@looplab/tasks';
import type { AnalysisContext } from '../context.ts';

export function tinyLoopLM(
  options: { task?: Task; layers?: number; loops?: number; rows?: number; initStd?: number } = {},
): AnalysisContext {
  const { task = groupWords({ group: 'S3', seq: 4 }), layers = 1, loops = 2, rows = 30, initStd = 0.4 } = options;
  const model = modelConfig({ vocab: task.vocab, dModel: 8, heads: 2, layers, loops, dFF: 12, initStd });
  const strategy = loopLM();
  return {
    model,
    strategy,
    params: initParams(paramSpecs(model, strategy), key(1)),
    task,
    seed: 0,
    rows,
    progress: () => {},
  };
}
