// @looplab/engine: TensorFlow.js functions traced, optimised and run by ONNX Runtime.
export { type DeviceOptions, tensor, toArray, useDevice } from './device.ts';
export * from './eager/index.ts';
export { grad, type ValueAndGrad, valueAndGrad } from './grad.ts';
export * from './ops/index.ts';
export { type CompileOptions, compile } from './run/compile.ts';
export { remat } from './run/remat.ts';
export { type Tree, type TreeDef, treeDefEqual, treeFlatten, treeLeaves, treeMap, treePaths, treeUnflatten } from './tree.ts';
