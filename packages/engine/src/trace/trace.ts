// Records what a function over pytrees of tensors computes, as a graph.
import * as tf from '@tensorflow/tfjs-core';
import {
  collect,
  type DType,
  type Graph,
  hostData,
  makeConstant,
  makeInput,
  rewrite,
  type Value,
} from '../graph/graph.ts';
import { type TreeDef, treeFlatten, treeUnflatten } from '../tree.ts';
import type { OnnxBackend } from './backend.ts';

/** A leaf of the result: an output of the graph, or a value that does not depend on the inputs. */
type ResultLeaf = { readonly output: number } | { readonly fixed: unknown };

export interface Traced {
  /** Inputs are the tensor leaves of the arguments, in tree order. */
  readonly graph: Graph;
  readonly def: TreeDef;
  readonly leaves: readonly ResultLeaf[];
}

/** Runs `fn` on placeholders of the shapes of the tensor leaves of `args`. */
export function trace(
  backend: OnnxBackend,
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  name: string,
): Traced {
  const { leaves, def } = treeFlatten(args);
  const inputs: Value[] = [];
  const outputs: Value[] = [];
  const result: { def: TreeDef; leaves: ResultLeaf[] } = { def: { kind: 'leaf' }, leaves: [] };
  backend.traceAs(name, () =>
    tf.tidy(() => {
      const placeholders = leaves.map((leaf) => {
        if (!(leaf instanceof tf.Tensor)) return leaf;
        const v = makeInput({ shape: leaf.shape, dtype: leaf.dtype as DType });
        inputs.push(v);
        return backend.tensor(v);
      });
      const out = fn(...(treeUnflatten(def, placeholders) as never[]));
      if (out instanceof Promise)
        throw new Error(`compiled function '${name}' is asynchronous; only plain functions can be traced`);
      const flat = treeFlatten(out);
      result.def = flat.def;
      result.leaves = flat.leaves.map((leaf) => {
        if (!(leaf instanceof tf.Tensor)) return { fixed: leaf };
        outputs.push(backend.valueBehind(leaf.dataId));
        return { output: outputs.length - 1 };
      });
    }),
  );
  return { graph: freeze(collect(inputs, outputs)), ...result };
}

/** Tensors that existed before the trace, or were written in it, become constants; equal elements are stored once. */
function freeze(graph: Graph): Graph {
  const frozen = new Map<Value, Value>();
  const all = [...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs];
  for (const v of all) {
    if (v?.def.kind !== 'data' || frozen.has(v)) continue;
    const data = hostData(v.def.host);
    const isSplat = data.length > 1 && data.every((x: number | bigint) => x === data[0]);
    frozen.set(v, makeConstant(isSplat ? data.slice(0, 1) : data, v.shape, v.dtype, isSplat));
  }
  return rewrite(graph, () => undefined, frozen);
}
