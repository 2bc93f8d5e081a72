// @looplab/analysis: what a model stores, how it manipulates it, and what its latent steps have to do with its answers.
export { agreement, decidedAt } from './agreement/agreement.ts';
export { alignment } from './alignment/alignment.ts';
export { causal } from './alignment/causal.ts';
export { type Edit, edits } from './alignment/edits.ts';
export { interchange, type Patch, type Patched } from './alignment/interchange.ts';
export {
  type AlignmentScore,
  alignmentScores,
  arrivals,
  type Decodability,
  firstLoops,
  monotoneSchedule,
} from './alignment/score.ts';
export { type Analysis, type AnalysisResult, defineAnalysis, type Need, skip } from './analysis.ts';
export { AnalysisError, DivergedError } from './analysisError.ts';
export {
  type AttributeBits,
  type AttributeLoss,
  type Capacity,
  type CapacityInput,
  capacityBits,
} from './capacity/bits.ts';
export { capacity } from './capacity/capacity.ts';
export { type AnalysisContext, assertContext } from './context.ts';
export { answerTimes } from './cot/answerTimes.ts';
export { type AnswerCost, answerFlops, atEqualAccuracy, type EqualAccuracy } from './cot/cost.ts';
export { cotBaseline } from './cot/cotBaseline.ts';
export { type Intervention, interventions, type Outcome } from './cot/interventions.ts';
export { type Writer, type Writing, writer } from './cot/write.ts';
export { depth } from './depth/depth.ts';
export { difficulty } from './difficulty.ts';
export { calibrationError, type Predictions, type ReliabilityBin, reliability } from './earlyExit/calibration.ts';
export { earlyExit } from './earlyExit/earlyExit.ts';
export { areaUnderFront, type OperatingPoint, paretoFront } from './earlyExit/front.ts';
export { exitProbabilities } from './exitProbabilities.ts';
export { geometry } from './geometry/geometry.ts';
export { logitLens } from './geometry/logitLens.ts';
export { type Movement, movement } from './geometry/stateGeometry.ts';
export { type Instance, instances } from './instances.ts';
export { kvSharing } from './kvSharing/kvSharing.ts';
export { cka, type Gram, gram } from './linear/cka.ts';
export { type Features, features } from './linear/features.ts';
export { foldsOf } from './linear/folds.ts';
export { type Components, principalComponents, project } from './linear/pca.ts';
export { controlLabels, type ProbeKind, type ProbeResult, type ProbeSet, probe, probeSet } from './linear/probe.ts';
export { chainTargets, type HeatMapCell, heatMap, type ProbeTarget } from './probes/heatMap.ts';
export { probes } from './probes/probes.ts';
export { type Readouts, readouts } from './readouts.ts';
export { analyses, analysisById } from './registry.ts';
export { goodness } from './scaling/goodness.ts';
export { type IsoFlopPoint, isoFlop } from './scaling/isoFlop.ts';
export {
  type FitOptions,
  fitLaw,
  heldOutRSquared,
  type PowerTerm,
  predict,
  rSquared,
  type ScalingLaw,
  type ScalingPoint,
  type Variable,
} from './scaling/law.ts';
export { scaling } from './scaling/scaling.ts';
export { answerSite, type Site, type SiteStates, siteStates, sitesOf, stepSite } from './sites.ts';
export { type BootstrapOptions, bootstrap } from './statistics/bootstrap.ts';
export { clusteredMean, weightedMean } from './statistics/clustered.ts';
export { normalCdf, normalQuantile, tCdf, tQuantile } from './statistics/distributions.ts';
export { cliffsDelta, cohensD } from './statistics/effectSize.ts';
export { type Estimate, proportion, tInterval } from './statistics/interval.ts';
export { kendall, type PermutationNull, permutationNull, spearman } from './statistics/rankCorrelation.ts';
export { compareSeeds, overSeeds } from './statistics/seeds.ts';
export { stepsToThreshold } from './statistics/stepsToThreshold.ts';
export { holm, pairedT, signFlip, type TestResult } from './statistics/tests.ts';
export type { Cell, Row, Table } from './table.ts';
export { isChainTask, type WriterContext, writerOf } from './writer.ts';
