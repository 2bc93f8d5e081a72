// @looplab/engine: TensorFlow.js functions traced, optimised and run by ONNX Runtime.
export { DeviceError, type DeviceOptions, tensor, toArray, useDevice } from './device.ts';
export * from './eager/index.ts';
export { grad, type ValueAndGrad, valueAndGrad, vjp } from './grad.ts';
export * from './ops/index.ts';
export { type Compiled, type CompileOptions, compile, SignatureError } from './run/compile.ts';
export { compileHost, type Hostable, type HostData, type Hosted, HostTensor } from './run/compileHost.ts';
export { GEMM_OPERATORS } from './run/kernelTimes.ts';
export type { ExecutionProvider } from './run/program.ts';
export { RematClosureError, remat } from './run/remat.ts';
export {
  type Tree,
  type TreeDef,
  treeFlatten,
  treeLeaves,
  treePaths,
  treeUnflatten,
} from './tree.ts';
