// compile(fn) for values that live on the host: no tensors are made, so that short programs cost little more than their run.
import * as tf from '@tensorflow/tfjs-core';
import type { Graph, TypedArray, Value } from '../graph/graph.ts';
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

/** What the arguments of a call looked like: everything but the elements of their tensors. */
type Shape =
  | { readonly kind: 'tensor'; readonly dtype: tf.DataType; readonly shape: readonly number[] }
  | { readonly kind: 'plain'; readonly value: unknown }
  | {
      readonly kind: 'tree';
      readonly array: boolean;
      readonly names: readonly string[];
      readonly items: readonly Shape[];
    };

interface Unit {
  readonly program: Program;
  readonly traced: Traced;
  /** For each input of the graph its place among the leaves of a call. */
  readonly places: readonly number[];
  /** Memory that results are written into again. */
  into: readonly TypedArray[];
}

export interface HostOptions {
  /** Shown in errors. Default: the name of the function. */
  readonly name?: string;
  /**
   * Results of a call are overwritten by the next call of the same shape, so that calls leave no memory to be collected:
   * copy what must last. Backend `onnx` only; elsewhere results are new.
   */
  readonly reuse?: boolean;
}

/**
 * A function like `fn`, but asynchronous and over host tensors: plain objects and arrays of them, and of numbers, strings,
 * booleans, null and undefined, on which its program may depend. Tensors may be among the arguments: they are read where
 * they are. Like `compile`, it is traced once for each structure, shapes, types and plain values on backend `onnx`, and
 * runs as it is on the others. Arrays that are passed in are read before the promise resolves and never changed.
 */
export function compileHost<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: HostOptions = {},
): (...args: Hostable<A> & unknown[]) => Promise<Hosted<R>> {
  const name = options.name ?? (fn.name || 'anonymous');
  // The latest first: calls come in runs of one shape, and comparing is cheaper than writing a key.
  const units: { shape: Shape; unit: Promise<Unit> }[] = [];
  return async (...args) => {
    const backend = currentOnnxBackend();
    if (!backend) return (await runEagerly(fn, args)) as Hosted<R>; // the tree of fn's result
    let leaves: Leaf[] = [];
    let at = units.findIndex(({ shape }) => {
      leaves = [];
      return hasShape(args, shape, leaves);
    });
    if (at < 0) {
      leaves = [];
      const made = { shape: shapeOf(args, leaves), unit: build(backend, fn, args, leaves, name) };
      at = units.push(made) - 1;
      made.unit.catch(() => units.splice(units.indexOf(made), 1));
    }
    const [found] = units.splice(at, 1) as [(typeof units)[number]]; // it is there
    units.unshift(found);
    const unit = await found.unit;
    const { program, traced, places } = unit;
    const feeds: TypedArray[] = [];
    for (const i of places) {
      const leaf = leaves[i] as Leaf; // places of this structure
      feeds.push(leaf instanceof HostTensor ? leaf.data : await dataOf(backend, leaf));
    }
    const outputs = await program.run(feeds, unit.into);
    if (options.reuse) unit.into = outputs;
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
  return backend.lazy.compute(backend.valueBehind(x.dataId));
}

const dtypeOf = (x: Leaf): tf.DataType => {
  if (!(x instanceof HostTensor)) return x.dtype;
  return x.data instanceof Float32Array ? 'float32' : x.data instanceof Int32Array ? 'int32' : 'bool';
};

/** The shape of a tree; collects its leaves in the order it meets them. */
function shapeOf(x: unknown, leaves: Leaf[]): Shape {
  if (x instanceof HostTensor || x instanceof tf.Tensor) {
    leaves.push(x);
    return { kind: 'tensor', dtype: dtypeOf(x), shape: x.shape };
  }
  if (typeof x !== 'object' || x === null) return { kind: 'plain', value: x };
  const names = Object.keys(x);
  const items = names.map((n) => shapeOf(x[n as keyof typeof x], leaves));
  return { kind: 'tree', array: Array.isArray(x), names, items };
}

/** Whether a tree has this shape; collects its leaves as {@link shapeOf} does. */
function hasShape(x: unknown, shape: Shape, leaves: Leaf[]): boolean {
  if (shape.kind === 'plain') return Object.is(x, shape.value);
  if (shape.kind === 'tensor') {
    if (!(x instanceof HostTensor || x instanceof tf.Tensor)) return false;
    if (x.shape.length !== shape.shape.length || dtypeOf(x) !== shape.dtype) return false;
    for (let i = 0; i < x.shape.length; i++) if (x.shape[i] !== shape.shape[i]) return false;
    leaves.push(x);
    return true;
  }
  if (typeof x !== 'object' || x === null || x instanceof HostTensor || Array.isArray(x) !== shape.array) return false;
  const { names, items } = shape;
  const tree = x as Readonly<Record<string, unknown>>; // arrays have names too: their places
  return (
    Object.keys(tree).length === names.length &&
    names.every((name, i) => name in tree && hasShape(tree[name], items[i] as Shape, leaves)) // an item a name
  );
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
    return { program: await load(graph, currentSettings()), traced, places, into: [] };
  } finally {
    tf.dispose(stands.filter((x, i) => x !== leaves[i]));
  }
}

/** The same tree with the next of `tensors` in place of each leaf, in the order of {@link shapeOf}. */
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
  shapeOf(args, found);
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
