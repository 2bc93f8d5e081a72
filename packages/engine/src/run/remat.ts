// remat(fn): forget the inside of a function after the forward pass and compute it again for the backward pass.
import * as tf from '@tensorflow/tfjs-core';
import { gradientsInside } from '../grad.ts';
import type { Value } from '../graph/graph.ts';
import { runKernel } from '../ops/kernel.ts';
import { currentOnnxBackend, DisposedTensorError, type OnnxBackend } from '../trace/backend.ts';
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
    // constants and integers need no gradient
    const traced = tensors.map(
      (t) => t.dtype === 'float32' && dependsOnInput(backend.valueBehind(t.dataId), new Set()) !== undefined,
    );
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
      backwardsFunc: (dys, saved) => gradients(call, traced, saved, Array.isArray(dys) ? dys : [dys]),
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
  traced: readonly boolean[],
  saved: readonly tf.Tensor[],
  dys: readonly tf.Tensor[],
): Record<string, () => tf.Tensor> {
  const dy = dys[0] as tf.Tensor;
  const compute = (): (tf.Tensor | undefined)[] => {
    // Waiting for dy keeps the second computation from being merged with the first, or from running before it is needed.
    const again = saved.map((x, i) => (traced[i] ? runKernel('After', { x, after: dy }) : x));
    const grads = gradientsInside(
      () => {
        const terms = secondTime(() => call(again)).map((y, i) => tf.sum(tf.mul(y, dys[i] as tf.Tensor)));
        return terms.reduce((a, b) => tf.add(a, b));
      },
      again.filter((_, i) => traced[i]),
    );
    let at = 0;
    return traced.map((wanted) => (wanted ? (grads[at++] ?? undefined) : undefined));
  };
  // tfjs asks for one gradient at a time and tidies up after each; all are computed with the first and kept until the
  // trace ends.
  let all: (tf.Tensor | undefined)[] | undefined;
  return Object.fromEntries(
    saved.map((x, i) => [
      `${i}`,
      () => {
        all ??= compute().map((g) => g && tf.keep(g));
        const g = all[i];
        return g ? tf.clone(g) : tf.zerosLike(x);
      },
    ]),
  );
}

/** By the backward pass, tensors that the surrounding function made are disposed. */
function secondTime<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    throw error instanceof DisposedTensorError ? closure('a tensor made by the function around it', error) : error;
  }
}

/** Whether `v` depends on an input of the function being traced, other than through `known` values. */
function dependsOnInput(v: Value, known: ReadonlySet<Value>): Value | undefined {
  const seen = new Set<Value>(known);
  const stack = [v];
  while (stack.length > 0) {
    const x = stack.pop() as Value;
    if (seen.has(x)) continue;
    seen.add(x);
    if (x.def.kind === 'input') return x;
    if (x.def.kind === 'node') for (const y of x.def.node.inputs) if (y) stack.push(y);
  }
  return undefined;
}

/** Results must depend on traced inputs through the arguments only; anything else was closed over. */
function refuseClosure(backend: OnnxBackend, args: readonly tf.Tensor[], results: readonly tf.Tensor[]): void {
  const known = new Set(args.map((t) => backend.valueBehind(t.dataId)));
  for (const r of results) {
    const v = dependsOnInput(backend.valueBehind(r.dataId), known);
    if (v) throw closure(`a tensor [${v.shape}] of the compiled function`);
  }
}

function closure(what: string, cause?: unknown): RematClosureError {
  return new RematClosureError(
    `remat: the function uses ${what} that is not among its arguments, so its gradient would be lost; pass it as an argument`,
    { cause },
  );
}
