// compile(fn) for values that live on the host: no tensors are made, so that short programs cost little more than their run.
import * as tf from '@tensorflow/tfjs-core';
import { type Graph, hostData, type TypedArray, type Value } from '../graph/graph.ts';
import { optimize } from '../graph/optimize.ts';
import { currentOnnxBackend, type OnnxBackend } from '../trace/backend.ts';
import { type Traced, trace } from '../trace/trace.ts';
import { treeFlatten, treeLeaves, treeUnflatten } from '../tree.ts';
import { load, type Program } from './program.ts';
import { currentSettings } from './settings.ts';

export type HostData = Float32Array | Int32Array | Uint8Array;

/** The values of a tensor, float32, int32 or bool by the type of `data`. */
export class HostTensor {
  /** Keeps plain objects of the same fields apart, which no program would take for a tensor. */
  declare protected readonly nominal: true;
  readonly data: HostData;
  readonly shape: readonly number[];

  constructor(data: HostData, shape: readonly number[]) {
    this.data = data;
    this.shape = shape;
  }
}

/** A tree in which host tensors stand for tensors. */
export type Hosted<T> = T extends tf.Tensor
  ? HostTensor
  : T extends object
    ? { readonly [K in keyof T]: Hosted<T[K]> }
    : T;

/** A tree in which host tensors may stand for tensors. */
export type Hostable<T> = T extends tf.Tensor
  ? HostTensor | T
  : T extends object
    ? { readonly [K in keyof T]: Hostable<T[K]> }
    : T;

type Leaf = HostTensor | tf.Tensor;

interface Unit {
  readonly program: Program;
  readonly traced: Traced;
  /** For each input of the graph its place among the leaves of a call. */
  readonly places: readonly number[];
}

/**
 * A function like `fn`, but asynchronous and over host tensors: plain objects and arrays of them, and of numbers, strings,
 * booleans, null and undefined, on which its program may depend. Tensors may be among the arguments: they are read where
 * they are. Like `compile`, it is traced once for each structure, shapes, types and plain values on backend `onnx`, and
 * runs as it is on the others. Arrays that are passed in are read before the promise resolves and never changed.
 */
export function compileHost<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: { readonly name?: string } = {},
): (...args: Hostable<A> & unknown[]) => Promise<Hosted<R>> {
  const name = options.name ?? (fn.name || 'anonymous');
  const units = new Map<string, Promise<Unit>>();
  return async (...args) => {
    const backend = currentOnnxBackend();
    if (!backend) return (await runEagerly(fn, args)) as Hosted<R>; // the tree of fn's result
    const leaves: Leaf[] = [];
    const key = signature(args, leaves);
    let made = units.get(key);
    if (!made) {
      made = build(backend, fn, args, leaves, name);
      units.set(key, made);
      made.catch(() => units.delete(key));
    }
    const { program, traced, places } = await made;
    const feeds: TypedArray[] = [];
    for (const i of places) {
      const leaf = leaves[i] as Leaf; // places of this structure
      feeds.push(leaf instanceof HostTensor ? leaf.data : await dataOf(backend, leaf));
    }
    const outputs = await program.run(feeds);
    return treeUnflatten(
      traced.def,
      traced.leaves.map((leaf) =>
        'output' in leaf
          ? new HostTensor(outputs[leaf.output] as HostData, (traced.graph.outputs[leaf.output] as Value).shape) // an array an output
          : leaf.fixed,
      ),
    ) as Hosted<R>; // the tree of fn's result
  };
}

/** The memory of a tensor; what is pending is computed. */
async function dataOf(backend: OnnxBackend, x: tf.Tensor): Promise<TypedArray> {
  const v = backend.valueBehind(x.dataId);
  return v.def.kind === 'data' ? hostData(v.def.host) : backend.lazy.compute(v);
}

const dtypeOf = (x: Leaf): tf.DataType => {
  if (!(x instanceof HostTensor)) return x.dtype;
  return x.data instanceof Float32Array ? 'float32' : x.data instanceof Int32Array ? 'int32' : 'bool';
};

/** Text that tells structures, shapes, types and plain values apart; collects the leaves in the order it meets them. */
function signature(x: unknown, leaves: Leaf[]): string {
  if (x instanceof HostTensor || x instanceof tf.Tensor) {
    leaves.push(x);
    return `${dtypeOf(x)}${x.shape.join()}`;
  }
  if (typeof x !== 'object' || x === null) return typeof x === 'string' ? JSON.stringify(x) : String(x);
  let text = Array.isArray(x) ? '[' : '{';
  for (const name in x) text += `${name}:${signature(x[name as keyof typeof x], leaves)};`;
  return `${text}}`;
}

async function build<A extends unknown[]>(
  backend: OnnxBackend,
  fn: (...args: A) => unknown,
  args: readonly unknown[],
  leaves: readonly Leaf[],
  name: string,
): Promise<Unit> {
  const stands = leaves.map((leaf) => (leaf instanceof HostTensor ? tensorOf(leaf) : leaf));
  try {
    const real = withTensors(args, stands[Symbol.iterator]()) as unknown[];
    const traced = trace(backend, fn as (...args: never[]) => unknown, real, name); // the caller's arguments
    const places = treeFlatten(real)
      .leaves.filter((leaf) => leaf instanceof tf.Tensor)
      .map((leaf) => stands.indexOf(leaf));
    const graph: Graph = optimize(traced.graph);
    return { program: await load(graph, currentSettings()), traced, places };
  } finally {
    tf.dispose(stands.filter((x, i) => x !== leaves[i]));
  }
}

/** The same tree with the next of `tensors` in place of each leaf, in the order of {@link signature}. */
function withTensors(x: unknown, tensors: Iterator<tf.Tensor>): unknown {
  if (x instanceof HostTensor || x instanceof tf.Tensor) return tensors.next().value;
  if (typeof x !== 'object' || x === null) return x;
  if (Array.isArray(x)) return x.map((y) => withTensors(y, tensors));
  const out: Record<string, unknown> = {};
  for (const name in x) out[name] = withTensors(x[name as keyof typeof x], tensors);
  return out;
}

function tensorOf(x: HostTensor): tf.Tensor {
  return tf.tensor(x.data, [...x.shape], dtypeOf(x));
}

async function runEagerly<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: readonly unknown[],
): Promise<unknown> {
  const found: Leaf[] = [];
  signature(args, found);
  const given = found.map((leaf) => (leaf instanceof HostTensor ? tensorOf(leaf) : leaf));
  const { leaves, def } = tidied(() => fn(...(withTensors(args, given[Symbol.iterator]()) as A))); // the caller's arguments
  try {
    const read = leaves.map(async (leaf) =>
      leaf instanceof tf.Tensor ? new HostTensor((await leaf.data()) as HostData, leaf.shape) : leaf,
    ); // no string tensors here
    return treeUnflatten(def, await Promise.all(read));
  } finally {
    const mine = new Set<unknown>(found);
    for (const x of [...given, ...leaves]) if (x instanceof tf.Tensor && !mine.has(x)) x.dispose();
  }
}

/** The result of `f`, flattened; what it made besides is freed. */
function tidied(f: () => unknown): ReturnType<typeof treeFlatten> {
  let out: ReturnType<typeof treeFlatten> | undefined;
  tf.tidy(() => {
    const made = f();
    for (const leaf of treeLeaves(made)) if (leaf instanceof tf.Tensor) tf.keep(leaf);
    out = treeFlatten(made);
  });
  return out as ReturnType<typeof treeFlatten>; // f has run
}
