// @looplab/analysis: what a trained model stores, how it manipulates it, and how its latent steps relate to its answers.
export { AnalysisError } from './analysisError.ts';
export { type BootstrapOptions, bootstrap } from './statistics/bootstrap.ts';
export { normalCdf, normalQuantile, tCdf, tQuantile } from './statistics/distributions.ts';
export { cliffsDelta, cohensD } from './statistics/effectSize.ts';
export { type Estimate, proportion, tInterval } from './statistics/interval.ts';
export { compareSeeds, overSeeds } from './statistics/seeds.ts';
export { holm, pairedT, signFlip, type TestResult } from './statistics/tests.ts';
export type { Cell, Row, Table } from './table.ts';
