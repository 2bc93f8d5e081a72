// remat(fn): forget the inside of a function after the forward pass and compute it again for the backward pass.
import * as tf from '@tensorflow/tfjs-core';
import type { Value } from '../graph/graph.ts';
import { currentOnnxBackend, type OnnxBackend } from '../trace/backend.ts';
import { runKernel } from '../ops/kernel.ts';
import { treeFlatten, treeUnflatten } from '../tree.ts';

/** Thrown when a rematerialised function uses a traced tensor that is not among its arguments. */
export class RematClosureError extends Error {
  override readonly name = 'RematClosureError';
}

/** The part of tfjs's engine behind tf.customGrad; unlike customGrad it allows several outputs. */
interface CustomGradEngine {
  runKernelFunc(call: {
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor[];
    backwardsFunc: (dys: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => Record<string, () => tf.Tensor>;
    inputs: Record<string, tf.Tensor>;
  }): tf.Tensor[];
}

/**
 * Same values and gradients as `fn`, whose inside is not stored but computed again when its gradient is needed
 * (Chen et al. 2016): memory for time. Arguments and result are pytrees; everything that needs a gradient must be an
 * argument. Acts inside `compile` on backend `onnx`; elsewhere it is `fn` itself.
 * @throws RematClosureError if `fn` closes over a tensor of the function being compiled
 */
export function remat<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const backend = currentOnnxBackend();
    if (!backend || backend.tracing === null) return fn(...args);
    const flat = treeFlatten(args);
    const places = flat.leaves.flatMap((x, i) => (x instanceof tf.Tensor ? [i] : []));
    const tensors = places.map((i) => flat.leaves[i] as tf.Tensor);
    let result = treeFlatten(null);
    /** `fn` with the tensor leaves of its arguments replaced; its tensor results in order. */
    const call = (inputs: readonly tf.Tensor[]): tf.Tensor[] => {
      const leaves = [...flat.leaves];
      places.forEach((place, i) => {
        leaves[place] = inputs[i];
      });
      result = treeFlatten(fn(...(treeUnflatten(flat.def, leaves) as A)));
      return result.leaves.filter((x): x is tf.Tensor => x instanceof tf.Tensor);
    };
    const outputs = (tf.engine() as unknown as CustomGradEngine).runKernelFunc({
      inputs: Object.fromEntries(tensors.map((t, i) => [`${i}`, t])),
      forwardFunc: (_, save) => {
        save(tensors);
        const made = call(tensors);
        refuseClosure(backend, tensors, made);
        return made;
      },
      backwardsFunc: (dys, saved) => gradients(call, tensors, saved, Array.isArray(dys) ? dys : [dys]),
    });
    let next = 0;
    return treeUnflatten(
      result.def,
      result.leaves.map((x) => (x instanceof tf.Tensor ? outputs[next++] : x)),
    ) as R;
  };
}

function gradients(
  call: (inputs: readonly tf.Tensor[]) => tf.Tensor[],
  tensors: readonly tf.Tensor[],
  saved: readonly tf.Tensor[],
  dys: readonly tf.Tensor[],
): Record<string, () => tf.Tensor> {
  const dy = dys[0] as tf.Tensor;
  const compute = (): tf.Tensor[] => {
    // Waiting for dy keeps the second computation from being merged with the first, or from running before it is needed.
    const again = saved.map((x) => (x.dtype === 'float32' ? runKernel('After', { x, after: dy }) : x));
    const floats = again.filter((x) => x.dtype === 'float32');
    // Inside a backward pass tfjs believes that no tape is in use, so the outer one is put aside.
    const state = tf.engine().state as { activeTape: unknown };
    const outer = state.activeTape;
    const { grads } = tf.engine().gradients(
      () => {
        const terms = call(again).map((y, i) => tf.sum(tf.mul(y, dys[i] as tf.Tensor)));
        return terms.reduce((a, b) => tf.add(a, b));
      },
      floats,
      undefined as unknown as tf.Tensor,
      true,
    );
    state.activeTape = outer;
    return floats.map((x, i) => grads[i] ?? tf.zerosLike(x));
  };
  // Recorded once for each input; common subexpression elimination leaves one.
  let at = 0;
  return Object.fromEntries(
    tensors.map((t, i) => {
      const j = t.dtype === 'float32' ? at++ : -1;
      return [`${i}`, () => (j < 0 ? tf.zerosLike(t) : (compute()[j] as tf.Tensor))];
    }),
  );
}

/** Follows the results back to the arguments; a traced input reached on another way was closed over. */
function refuseClosure(backend: OnnxBackend, args: readonly tf.Tensor[], results: readonly tf.Tensor[]): void {
  const seen = new Set<Value>(args.map((t) => backend.valueOf(t.dataId)));
  const stack = results.map((t) => backend.valueOf(t.dataId));
  while (stack.length > 0) {
    const v = stack.pop() as Value;
    if (seen.has(v)) continue;
    seen.add(v);
    if (v.def.kind === 'input') {
      throw new RematClosureError(
        `remat: the function uses a tensor [${v.shape}] of the compiled function that is not among its arguments, so its gradient would be lost; pass it as an argument`,
      );
    }
    if (v.def.kind === 'node') for (const x of v.def.node.inputs) if (x) stack.push(x);
  }
}
