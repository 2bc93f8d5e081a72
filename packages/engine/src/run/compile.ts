// compile(fn): jit for TensorFlow.js functions over pytrees.
import * as tf from '@tensorflow/tfjs-core';
import { type Graph, type Host, makeData, sameShape, type TypedArray, type Value } from '../graph/graph.ts';
import { optimize } from '../graph/optimize.ts';
import { printGraph } from '../graph/print.ts';
import { currentOnnxBackend, type OnnxBackend } from '../trace/backend.ts';
import { type Traced, trace } from '../trace/trace.ts';
import { treeFlatten, treeLeaves, treePaths, treeUnflatten } from '../tree.ts';
import { kernelTimes } from './kernelTimes.ts';
import { load, type Program } from './program.ts';
import { currentSettings } from './settings.ts';

export interface CompileOptions {
  /** Positions of arguments whose tensors are given up: they are disposed, and their memory takes later outputs. */
  readonly donate?: readonly number[];
  /** Shown in errors and profiles. Default: the name of the function. */
  readonly name?: string;
  /** Promise that shapes, types and plain arguments never change: a second signature is an error instead of a new program. */
  readonly static?: boolean;
}

/** A function like `fn`, but asynchronous, that runs as one program. */
export interface Compiled<A extends unknown[], R> {
  (...args: A): Promise<R>;
  /** The optimised graph for these arguments; compiled now if it was not yet. Backend `onnx` only. */
  lower(...args: A): Promise<Graph>;
  /** That graph as text. */
  print(...args: A): Promise<string>;
  /** Mean milliseconds in each operator for these arguments, which are not donated. Backend `onnx` only. */
  kernelTimes(...args: A): Promise<Record<string, number>>;
  /** Frees all programs. */
  release(): Promise<void>;
}

/** Thrown when a function compiled as `static` is called with other shapes, types or plain arguments. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

interface Unit {
  readonly program: Program;
  readonly traced: Traced;
  /** For each output, the input leaf (donated, same type and shape) whose memory takes it next time; -1 for none. */
  readonly donors: readonly number[];
  /** Memory ready to take each output. */
  readonly pool: (TypedArray | undefined)[];
}

/** Memory made by a program, which may be written again once its tensor was donated. */
const ours = new WeakSet<TypedArray>();

/**
 * Traces `fn` once for each signature (tree, shapes and types of the tensors, values of all other leaves) and replays it.
 * On eager backends `fn` just runs inside `tf.tidy`.
 */
export function compile<A extends unknown[], R>(fn: (...args: A) => R, options: CompileOptions = {}): Compiled<A, R> {
  const name = options.name ?? (fn.name || 'anonymous');
  const donate = new Set(options.donate ?? []);
  const units = new Map<string, Promise<Unit>>();
  let first: { key: string; parts: string[] } | undefined;

  const unitFor = (backend: OnnxBackend, args: A): Promise<Unit> => {
    const parts = signature(args, name);
    const key = parts.join('|');
    if (options.static && first && first.key !== key) throw changed(name, args, first.parts, parts);
    first ??= { key, parts };
    const known = units.get(key);
    if (known) return known;
    const made = build(backend, fn, args, name, donate);
    units.set(key, made);
    made.catch(() => units.delete(key));
    return made;
  };

  const call = async (...args: A): Promise<R> => {
    const backend = currentOnnxBackend();
    if (!backend) return runEagerly(fn, args, donate);
    const unit = await unitFor(backend, args);
    const feeds = await feedsOf(backend, args);
    const into = unit.pool.splice(0, unit.pool.length);
    const results = await unit.program.run(feeds, into);
    const taken = takeDonated(backend, args, donate, name);
    unit.donors.forEach((donor, i) => {
      unit.pool[i] = donor >= 0 ? taken.get(donor) : undefined;
    });
    const outputs = results.map((data, i) => {
      const v = unit.traced.graph.outputs[i] as Value;
      ours.add(data);
      return backend.tensor(makeData(data, v.shape, v.dtype));
    });
    return treeUnflatten(
      unit.traced.def,
      unit.traced.leaves.map((leaf) => ('output' in leaf ? outputs[leaf.output] : leaf.fixed)),
    ) as R;
  };

  const lower = async (...args: A): Promise<Graph> => {
    const backend = currentOnnxBackend();
    if (!backend) throw new Error(`'${name}' has a graph only on backend 'onnx' (the backend is '${tf.getBackend()}')`);
    return (await unitFor(backend, args)).program.graph;
  };
  const all = async (): Promise<Unit[]> => Promise.all(units.values());
  return Object.assign(call, {
    lower,
    print: async (...args: A) => printGraph(await lower(...args)),
    kernelTimes: async (...args: A) => {
      const graph = await lower(...args);
      return kernelTimes(graph, await feedsOf(currentOnnxBackend() as OnnxBackend, args), currentSettings());
    },
    release: async () => {
      for (const u of await all()) await u.program.release();
      units.clear();
    },
  });
}

async function build(
  backend: OnnxBackend,
  fn: (...args: never[]) => unknown,
  args: readonly unknown[],
  name: string,
  donate: ReadonlySet<number>,
): Promise<Unit> {
  const traced = trace(backend, fn, args, name);
  const program = await load(optimize(traced.graph), currentSettings());
  const free = donatedLeaves(args, donate);
  const donors = traced.graph.outputs.map((out) => {
    const i = free.findIndex((j) => {
      const x = traced.graph.inputs[j] as Value;
      return x.dtype === out.dtype && sameShape(x.shape, out.shape);
    });
    return i < 0 ? -1 : (free.splice(i, 1)[0] as number);
  });
  return { program, traced, donors, pool: [] };
}

/** Places of donated tensors among the tensor leaves of the arguments. */
function donatedLeaves(args: readonly unknown[], donate: ReadonlySet<number>): number[] {
  const found: number[] = [];
  let at = 0;
  args.forEach((arg, i) => {
    for (const leaf of treeLeaves(arg)) {
      if (!(leaf instanceof tf.Tensor)) continue;
      if (donate.has(i)) found.push(at);
      at++;
    }
  });
  return found;
}

function tensorLeaves(args: unknown): tf.Tensor[] {
  return treeLeaves(args).filter((x): x is tf.Tensor => x instanceof tf.Tensor);
}

/** The memory of the tensor leaves; what is pending is computed. */
async function feedsOf(backend: OnnxBackend, args: readonly unknown[]): Promise<TypedArray[]> {
  const feeds: TypedArray[] = [];
  for (const t of tensorLeaves(args)) feeds.push(await backend.lazy.compute(backend.valueBehind(t.dataId)));
  return feeds;
}

/** Disposes donated tensors and returns the memory that nobody else can see any more. */
function takeDonated(
  backend: OnnxBackend,
  args: readonly unknown[],
  donate: ReadonlySet<number>,
  name: string,
): Map<number, TypedArray> {
  const taken = new Map<number, TypedArray>();
  const tensors = tensorLeaves(args);
  for (const i of donatedLeaves(args, donate)) {
    const t = tensors[i] as tf.Tensor;
    const v = backend.valueBehind(t.dataId);
    const alone = backend.holdersOf(v) === 1;
    t.dispose();
    if (!alone || v.def.kind !== 'data') continue;
    const host: Host = v.def.host;
    if (host.data && ours.has(host.data)) {
      taken.set(i, host.data);
      host.data = null;
      host.gone = `this tensor was donated to compiled function '${name}'; use the one that it returned`;
    }
  }
  return taken;
}

/** One text for each leaf: type and shape of tensors, the value of everything else. */
function signature(args: readonly unknown[], name: string): string[] {
  const { leaves, def } = treeFlatten(args);
  const parts = leaves.map((leaf, i) => {
    if (leaf instanceof tf.Tensor) {
      if (leaf.isDisposed)
        throw new Error(`argument ${treePaths(args)[i]} of compiled function '${name}' was disposed or donated`);
      return `${leaf.dtype}[${leaf.shape}]`;
    }
    if (typeof leaf === 'function' || (typeof leaf === 'object' && leaf !== null)) {
      throw new Error(
        `argument ${treePaths(args)[i]} of compiled function '${name}' must be a tensor, number, string, boolean or null (got ${leaf.constructor.name}); turn data into a tensor, close over everything else`,
      );
    }
    return `=${String(leaf)}`;
  });
  return [JSON.stringify(def), ...parts];
}

function changed(
  name: string,
  args: readonly unknown[],
  before: readonly string[],
  now: readonly string[],
): SignatureError {
  const paths = treePaths(args);
  const i = now.findIndex((part, j) => part !== before[j]);
  const what =
    i <= 0
      ? 'the structure of its arguments changed'
      : `argument ${paths[i - 1]} was ${before[i]} and is now ${now[i]}`;
  return new SignatureError(
    `compiled function '${name}' was promised one signature (static), but ${what}; pad the data or drop static`,
  );
}

function runEagerly<A extends unknown[], R>(fn: (...args: A) => R, args: A, donate: ReadonlySet<number>): R {
  let out: R | undefined;
  tf.tidy(() => {
    out = fn(...args);
    for (const leaf of treeLeaves(out)) if (leaf instanceof tf.Tensor) tf.keep(leaf);
  });
  const kept = new Set(treeLeaves(out));
  for (const i of donate) {
    for (const leaf of treeLeaves(args[i])) if (leaf instanceof tf.Tensor && !kept.has(leaf)) leaf.dispose();
  }
  return out as R;
}
