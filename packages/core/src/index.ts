// @looplab/core: the looped block, recurrence strategies, checkpoints and random numbers.
export { atomicWrite } from './checkpoint/atomicWrite.ts';
export type { Dtype, StoredTensor, TensorData } from './checkpoint/dtypes.ts';
export { CheckpointError } from './checkpoint/header.ts';
export { loadParams, saveParams } from './checkpoint/params.ts';
export { type Checkpoint, readSafetensors, writeSafetensors } from './checkpoint/safetensors.ts';
export { nearest } from './config/nearest.ts';
export { ConfigError, parseOptions } from './config/parseOptions.ts';
export { argmaxStable, argmaxStableOptions } from './exit/argmaxStable.ts';
export { bernoulli, bernoulliOptions } from './exit/bernoulli.ts';
export {
  type Calibrated,
  type CalibrateOptions,
  type Calibration,
  calibrate,
  type LabelledTokens,
} from './exit/calibrate.ts';
export { cosine, cosineOptions } from './exit/cosine.ts';
export { entropyChange, entropyChangeOptions } from './exit/entropyChange.ts';
export type { ExitMemory, ExitNeed, ExitRule, ExitStart, ExitView, ThresholdRule } from './exit/exitRule.ts';
export { type ExitRuleKind, exitRuleById, exitRules } from './exit/exitRules.ts';
export { fixedDepth, fixedDepthOptions } from './exit/fixedDepth.ts';
export { kl, klOptions } from './exit/kl.ts';
export { latentChange, latentChangeOptions } from './exit/latentChange.ts';
export { minPKl, minPKlOptions } from './exit/minPKl.ts';
export { qExit, qExitOptions } from './exit/qExit.ts';
export { residual, residualOptions } from './exit/residual.ts';
export { type ThresholdTest, thresholdRule } from './exit/thresholdRule.ts';
export {
  type Arrival,
  type Decoded,
  Decoder,
  type DecoderOptions,
  type FedInputs,
  type Sent,
} from './generate/decoder.ts';
export { type Generated, type GenerateOptions, generate } from './generate/generate.ts';
export { sample } from './generate/sample.ts';
export { gatedViews, gatedViewsOptions } from './kv/gatedViews.ts';
export { keepFirst } from './kv/keepFirst.ts';
export { keepLast } from './kv/keepLast.ts';
export { keepMean } from './kv/keepMean.ts';
export { keepOptions } from './kv/keepOptions.ts';
export { kvBytesPerToken } from './kv/kvBytes.ts';
export { type KvPolicyKind, kvPolicies, kvPolicyById } from './kv/kvPolicies.ts';
export { type KvPolicy, KvPolicyError, type KvView } from './kv/kvPolicy.ts';
export { perLoop, perLoopOptions } from './kv/perLoop.ts';
export { ring, ringOptions } from './kv/ring.ts';
export { selective, selectiveOptions } from './kv/selective.ts';
export { sharedFirst, sharedFirstOptions } from './kv/sharedFirst.ts';
export { upToDepth, upToDepthOptions } from './kv/upToDepth.ts';
export { bindParams, MissingParamError, type Weights } from './model/bind.ts';
export { type ModelConfig, type ModelOptions, modelConfig, modelSchema, ouro } from './model/config.ts';
export { initParams, type Params } from './model/params.ts';
export { type CoreSpec, countParams, type Init, type ParamSpec, type StackShape } from './model/specs.ts';
export { anderson, andersonOptions } from './recurrence/anderson.ts';
export { type Driver, type DriverMemory, type Evaluation, unroll } from './recurrence/driver.ts';
export { estimatorSettings, type GradientEstimator } from './recurrence/estimator.ts';
export { flops } from './recurrence/flops.ts';
export { exitLogProbs, logSigmoid } from './recurrence/halting.ts';
export { assertStrategy, paramSpecs } from './recurrence/layout.ts';
export { drawNoise, type Noise } from './recurrence/noise.ts';
export {
  type Batch,
  type Inputs,
  isLoop,
  loopPlan,
  type Micro,
  type Plan,
  type PlanContext,
} from './recurrence/plan.ts';
export { beginTrajectories, repeatableSteps, repeatStep, trainingPlans } from './recurrence/prefix.ts';
export {
  chosenTrajectory,
  renewedRows,
  runTrace,
  runWithContext,
  type Start,
  type TraceOptions,
} from './recurrence/runTrace.ts';
export { isTrainable, type Stage } from './recurrence/stage.ts';
export type { State } from './recurrence/state.ts';
export { type Cuts, holdingCuts, stopGradient } from './recurrence/stopGradient.ts';
export { coconut, coconutOptions } from './recurrence/strategies/coconut.ts';
export { deepThinking, deepThinkingOptions } from './recurrence/strategies/deepThinking.ts';
export { deq, deqOptions } from './recurrence/strategies/deq.ts';
export { eqr, eqrOptions } from './recurrence/strategies/eqr.ts';
export { fixedLoops, fixedLoopsOptions, type Hidden } from './recurrence/strategies/fixedLoops.ts';
export { hrm, hrmOptions } from './recurrence/strategies/hrm.ts';
export { huginn, huginnOptions } from './recurrence/strategies/huginn.ts';
export { isoFlop, isoFlopOptions } from './recurrence/strategies/isoFlop.ts';
export { loopedIcl, loopedIclOptions } from './recurrence/strategies/loopedIcl.ts';
export { loopFormer, loopFormerOptions } from './recurrence/strategies/loopFormer.ts';
export { loopLM, loopLMOptions } from './recurrence/strategies/loopLM.ts';
export { morExpert, morExpertOptions } from './recurrence/strategies/morExpert.ts';
export { morToken, morTokenOptions } from './recurrence/strategies/morToken.ts';
export { parallelLoop, parallelLoopOptions } from './recurrence/strategies/parallelLoop.ts';
export { parcae, parcaeOptions } from './recurrence/strategies/parcae.ts';
export { plain, plainOptions } from './recurrence/strategies/plain.ts';
export { pondering, ponderingOptions } from './recurrence/strategies/pondering.ts';
export { ponderNet, ponderNetOptions } from './recurrence/strategies/ponderNet.ts';
export { type StrategyKind, type StrategyTable, strategies, strategyById } from './recurrence/strategies/registry.ts';
export { relay, relayOptions } from './recurrence/strategies/relay.ts';
export { retrofit, retrofitOptions } from './recurrence/strategies/retrofit.ts';
export { sut, sutOptions } from './recurrence/strategies/sut.ts';
export { thinkAtHard, thinkAtHardOptions } from './recurrence/strategies/thinkAtHard.ts';
export { trm, trmOptions } from './recurrence/strategies/trm.ts';
export { universalTransformer, universalTransformerOptions } from './recurrence/strategies/universalTransformer.ts';
export type {
  CoreCall,
  Ctx,
  Model,
  NoiseSpec,
  Strategy,
  StrategyParam,
  TraceFeature,
  UpdatePlan,
} from './recurrence/strategy.ts';
export { StrategyError } from './recurrence/strategyError.ts';
export type { Trace } from './recurrence/trace.ts';
export { fold, type Key, key, normal, permutation, randint, split, uniform } from './rng/random.ts';
export { BYTE_VOCAB, decodeBytes, encodeBytes } from './tokenizer/bytes.ts';
