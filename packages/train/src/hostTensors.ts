// Parameters and moments between the device and a checkpoint.
import { CheckpointError, type ParamSpec, type Params, type StoredTensor } from '@looplab/core';
import { tensor, toArray } from '@looplab/engine';
import type * as tf from '@tensorflow/tfjs-core';
import type { AdamWState } from './adamW.ts';
import { DivergedError } from './errors.ts';

/** Values of tensors by name, on the host. */
export type HostTensors = Readonly<Record<string, StoredTensor>>;

/** Fetches the values of `tensors`. */
export async function toHost(tensors: Params): Promise<Record<string, StoredTensor>> {
  const host: Record<string, StoredTensor> = {};
  for (const [name, x] of Object.entries(tensors)) {
    host[name] = { dtype: 'F32', shape: x.shape, data: (await toArray(x)) as Float32Array }; // parameters and moments are float32
  }
  return host;
}

/**
 * Tensors of the parameters in `specs`.
 * @throws CheckpointError naming a tensor that is missing or of another shape
 */
export function paramsFromHost(host: HostTensors, specs: readonly ParamSpec[]): Params {
  const picked = specs.map(({ name, shape }) => [name, fromHost(host, name, shape)] as const);
  return Object.fromEntries(picked);
}

/** The optimiser's state as one flat record: `m.<name>`, `v.<name>` and `step`. */
export function flattenOptimiser({ m, v, step }: AdamWState): Params {
  const prefixed = (p: string, tensors: Params) =>
    Object.entries(tensors).map(([name, x]) => [`${p}.${name}`, x] as const);
  return Object.fromEntries([...prefixed('m', m), ...prefixed('v', v), ['step', step] as const]);
}

/** The inverse of {@link flattenOptimiser}, for moments of `params`. */
export function optimiserFromHost(host: HostTensors, params: Params): AdamWState {
  const moments = (p: string): Params =>
    Object.fromEntries(Object.entries(params).map(([name, x]) => [name, fromHost(host, `${p}.${name}`, x.shape)]));
  return { m: moments('m'), v: moments('v'), step: fromHost(host, 'step', []) };
}

/** @throws DivergedError naming the first tensor with a value that is not finite */
export function assertFinite(host: HostTensors, step: number): void {
  for (const [name, { data }] of Object.entries(host)) {
    for (const x of data) {
      if (!Number.isFinite(x))
        throw new DivergedError(`parameter ${name} holds ${x} after step ${step}; lower train.lr`);
    }
  }
}

/** @throws CheckpointError if the tensor is missing or of another shape */
export function fromHost(host: HostTensors, name: string, shape: readonly number[]): tf.Tensor {
  const x = host[name];
  if (!x) throw new CheckpointError(`the checkpoint lacks the tensor '${name}'; it belongs to another model or stage`);
  if (`${x.shape}` !== `${shape}`) {
    throw new CheckpointError(
      `tensor '${name}' of the checkpoint is [${x.shape}], the model has [${shape}]; it belongs to another model`,
    );
  }
  return tensor(x.data as Float32Array, shape); // only float32 was written
}
