// The graph: values produced by nodes named after ONNX operators, in an order in which they can run.

export type DType = 'float32' | 'int32' | 'int64' | 'bool';
export type TypedArray = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An integer, a string, integers, or explicitly a float / floats (ONNX tells 1 from 1.0). */
export type Attr =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };
export type Attrs = Readonly<Record<string, Attr>>;

/** Where a value comes from. */
type Definition =
  /** Fed at every run. */
  | { readonly kind: 'input' }
  /** Fixed data; with `splat` one number stands for every element. */
  | { readonly kind: 'constant'; readonly data: TypedArray; readonly splat: boolean }
  /** A tensor that exists outside the graph: fed in lazy evaluation, a constant in a compiled function. */
  | { readonly kind: 'data'; readonly host: Host }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

/** The memory of a tensor; `data` is null once it was given away, and `gone` says how. */
export interface Host {
  data: TypedArray | null;
  gone?: string;
}

/** One tensor of a graph. Compared by identity. `def` changes once: when a pending value was computed it becomes data. */
export interface Value {
  readonly shape: readonly number[];
  readonly dtype: DType;
  def: Definition;
}

/** One operator call. `order` is its place among all nodes ever made: producers come before consumers. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly (Value | null)[];
  readonly attrs: Attrs;
  readonly outputs: readonly Value[];
  readonly order: number;
}

/** What is computed: `nodes` in running order, `outputs` among their values (or inputs or constants). */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
}

/** Shape and type of a value to be made. */
export interface Sig {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

let made = 0;

/** A node and the values it produces. An output that is not wanted may still be listed; ONNX lets it be ignored. */
export function makeNode(
  op: string,
  inputs: readonly (Value | null)[],
  outputs: readonly Sig[],
  attrs: Attrs = {},
): Node {
  const values: Value[] = [];
  const node: Node = { op, inputs, attrs, outputs: values, order: made++ };
  for (const [index, s] of outputs.entries()) {
    values.push({ shape: s.shape, dtype: s.dtype, def: { kind: 'node', node, index } });
  }
  return node;
}

export function makeInput(sig: Sig): Value {
  return { shape: sig.shape, dtype: sig.dtype, def: { kind: 'input' } };
}

export function makeConstant(data: TypedArray, shape: readonly number[], dtype: DType, splat = false): Value {
  return { shape, dtype, def: { kind: 'constant', data, splat } };
}

/** A value that already exists, in the caller's memory (not copied). */
export function makeData(data: TypedArray, shape: readonly number[], dtype: DType): Value {
  return { shape, dtype, def: { kind: 'data', host: { data } } };
}

/** The memory of a value of kind `data`. Throws if it was given away. */
export function hostData(host: Host): TypedArray {
  if (host.data === null) throw new Error(host.gone ?? 'this tensor has no memory any more');
  return host.data;
}

export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** The node that produces `v`, if a node does. */
export function producer(v: Value | null | undefined): Node | undefined {
  return v?.def.kind === 'node' ? v.def.node : undefined;
}

/** The graph that computes `outputs`; every node they need, in the order in which nodes were made. */
export function collect(inputs: readonly Value[], outputs: readonly Value[]): Graph {
  const seen = new Set<Node>();
  const stack = outputs.map(producer);
  while (stack.length > 0) {
    const node = stack.pop();
    if (!node || seen.has(node)) continue;
    seen.add(node);
    for (const v of node.inputs) stack.push(producer(v));
  }
  return { inputs, outputs, nodes: [...seen].sort((a, b) => a.order - b.order) };
}

/** How many times each value is used, graph outputs included. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (v: Value | null): void => {
    if (v) uses.set(v, (uses.get(v) ?? 0) + 1);
  };
  for (const n of graph.nodes) n.inputs.forEach(use);
  graph.outputs.forEach(use);
  return uses;
}

/**
 * Rebuilds a graph from front to back. `replace` sees each node with its inputs already replaced and returns the
 * values that stand for its outputs, or undefined to keep it. Nodes nobody needs any more are dropped.
 * @param start replacements that hold from the beginning, for values that no node makes
 */
export function rewrite(
  graph: Graph,
  replace: (node: Node, original: Node) => readonly Value[] | undefined,
  start: ReadonlyMap<Value, Value> = new Map(),
): Graph {
  const map = new Map<Value, Value>(start);
  const now = (v: Value): Value => map.get(v) ?? v;
  for (const original of graph.nodes) {
    let node = original;
    if (original.inputs.some((v) => v !== null && map.has(v))) {
      node = makeNode(
        original.op,
        original.inputs.map((v) => (v === null ? null : now(v))),
        original.outputs,
        original.attrs,
      );
    }
    const values = replace(node, original) ?? node.outputs;
    original.outputs.forEach((v, i) => {
      const to = values[i];
      if (to && to !== v) map.set(v, to);
    });
  }
  return collect(graph.inputs, graph.outputs.map(now));
}
