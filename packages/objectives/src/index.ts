// @looplab/objectives: losses over the traces of looped models.
export { actPonder, actPonderOptions } from './actPonder.ts';
export { consistency, consistencyOptions } from './consistency.ts';
export { decider, deciderOptions } from './decider.ts';
export { entropyRegularised, entropyRegularisedOptions } from './entropyRegularised.ts';
export { everyLoop, everyLoopOptions } from './everyLoop.ts';
export { gateImprovement, gateImprovementOptions } from './gateImprovement.ts';
export { halting, haltingOptions } from './halting.ts';
export { jacobianPenalty, jacobianPenaltyOptions } from './jacobianPenalty.ts';
export { lastLoop, lastLoopOptions } from './lastLoop.ts';
export { type Objective, type ObjectiveContext, ObjectiveError, type Terms, type TraceNeed } from './objective.ts';
export { ponderNetLoss, ponderNetLossOptions } from './ponderNet.ts';
export { progressive, progressiveOptions } from './progressive.ts';
export { assertFits, type ObjectiveKind, objectiveById, objectives, objectivesThatFit } from './registry.ts';
export { routed, routedOptions } from './routed.ts';
export { stepSupervised, stepSupervisedOptions } from './stepSupervised.ts';
export { tokenLoss, tokenLosses, weightedMean } from './tokens.ts';
export { windowed, windowedOptions } from './windowed.ts';
