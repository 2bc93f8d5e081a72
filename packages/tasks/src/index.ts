// Data for looped models: group words, Mano and text, as pure streams of batches.
export { addition, additionOptions } from './addition.ts';
export { capo, capoOptions } from './capo.ts';
export { type ChainTargets, chainTargets } from './chainTargets.ts';
export { distances, type Graph } from './graphs.ts';
export { type Group, groupByName } from './groups.ts';
export { groupWords, groupWordsOptions } from './groupWords.ts';
export { mano, manoOptions } from './mano.ts';
export {
  apply,
  type Expression,
  evaluate,
  type Op,
  prefix,
  randomExpression,
  type Step,
  work,
} from './manoExpression.ts';
export { modularChain, modularChainOptions } from './modularChain.ts';
export { multiHop, multiHopOptions } from './multiHop.ts';
export { pHop, pHopOptions } from './pHop.ts';
export { reachability, reachabilityOptions } from './reachability.ts';
export {
  type Matrix,
  type ReachabilityLayer,
  reachabilityLayer,
  reachabilityLoop,
  reachedAfter,
  startState,
} from './reachabilityTheorem.ts';
export { type TaskEntry, taskById, tasks } from './registry.ts';
export { type ChainStep, type Knowledge, type Task, type TaskBatch, TaskError } from './task.ts';
export { text, textOptions } from './text.ts';
export { type ChainTask, withChain, withChainOptions } from './withChain.ts';
