// The eager devices and the probing of all devices.
export {
  type LoadTensorflowOptions,
  loadTensorflow,
  TensorflowMissingError,
  tensorflowIsSetUp,
} from './loadTensorflow.ts';
export { type DeviceProbe, probeDevices } from './probeDevices.ts';
export { type SetupTensorflowOptions, setupTensorflow, TensorflowSetupError } from './setupTensorflow.ts';
export type { TensorflowInstallation } from './tensorflowHome.ts';
