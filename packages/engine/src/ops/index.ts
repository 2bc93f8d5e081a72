// The fused operations: one function each, on every backend.
export { type AttentionOptions, causalAttention, MASKED } from './causalAttention.ts';
export { crossEntropy } from './crossEntropy.ts';
export { embedding, linear } from './linear.ts';
export { rmsNorm } from './rmsNorm.ts';
export { type RopeTables, ropeTables, rotary } from './rotary.ts';
export { swiglu } from './swiglu.ts';
