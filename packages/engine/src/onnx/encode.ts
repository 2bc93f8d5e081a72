// Writes a graph as the bytes of an ONNX model.
import protobuf from 'protobufjs';
import { i64, onnxType } from '../graph/build.ts';
import { type Attr, type Graph, hostData, type Node, type TypedArray, type Value } from '../graph/graph.ts';
import { ONNX_PROTO } from './onnx.proto.ts';

const OPSET = 21;
const IR_VERSION = 10;

/** Operators of ONNX Runtime's own domain; every other one is a standard operator. */
const CONTRIB = new Set(['FusedMatMul', 'QuickGelu', 'RotaryEmbedding', 'BiasGelu', 'FastGelu', 'Gelu']);

/** Operators that must name every output; others may leave out what nobody uses. */
const ALL_OUTPUTS = new Set(['Split', 'TopK']);

const ATTRIBUTE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

let modelProto: protobuf.Type | undefined;
function model(): protobuf.Type {
  modelProto ??= protobuf.parse(ONNX_PROTO, { keepCase: true }).root.lookupType('onnx.ModelProto');
  return modelProto;
}

/** An encoded model and the names under which its inputs are fed and its outputs are read, in the graph's order. */
export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

function attribute(name: string, a: Attr): object {
  if (typeof a === 'number') return { name, type: ATTRIBUTE.int, i: a };
  if (typeof a === 'string') return { name, type: ATTRIBUTE.string, s: new TextEncoder().encode(a) };
  if ('float' in a) return { name, type: ATTRIBUTE.float, f: a.float };
  if ('floats' in a) return { name, type: ATTRIBUTE.floats, floats: a.floats };
  return { name, type: ATTRIBUTE.ints, ints: a };
}

function rawBytes(data: TypedArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function constantData(v: Value): TypedArray {
  if (v.def.kind !== 'constant') throw new Error('encode: not a constant');
  return v.def.data;
}

/**
 * ONNX has no control dependencies, so `After(x, ...others)` reshapes x to its own shape joined with an empty piece of
 * the shape of each other value: no copy, but the others must have been computed.
 */
function after([x, ...others]: readonly string[], out: string, shape: string): object[] {
  const node = (
    op_type: string,
    input: (string | undefined)[],
    output: string,
    attrs: Record<string, Attr> = {},
  ): object => ({
    op_type,
    input,
    output: [output],
    name: output,
    attribute: Object.entries(attrs).map(([k, a]) => attribute(k, a)),
  });
  const empty = others.map((y, i) => node('Shape', [y], `${out}_${i}`, { start: 0, end: 0 }));
  return [
    ...empty,
    node('Concat', [shape, ...others.map((_, i) => `${out}_${i}`)], `${out}_shape`, { axis: 0 }),
    node('Reshape', [x, `${out}_shape`], out, { allowzero: 1 }),
  ];
}

/**
 * Encodes `graph`. Values of kind `data` become initialisers. A graph output that is an input, a constant, or listed
 * twice gets an Identity, since ONNX wants every output to be produced by a node of its own.
 */
export function encode(graph: Graph): OnnxModel {
  const names = new Map<Value, string>();
  const initializers: object[] = [];
  const nodes: object[] = [];
  const inputs = graph.inputs.map((v, i) => {
    names.set(v, `in${i}`);
    return `in${i}`;
  });

  const constant = (v: Value, data = constantData(v), isSplat = false): string => {
    const name = `c${initializers.length}`;
    if (isSplat) {
      initializers.push({ name, dims: [1], data_type: onnxType(v.dtype), raw_data: rawBytes(data) });
      const shape = BigInt64Array.from(v.shape, BigInt);
      initializers.push({ name: `${name}s`, dims: [v.shape.length], data_type: 7, raw_data: rawBytes(shape) });
      nodes.push({ op_type: 'Expand', input: [name, `${name}s`], output: [`${name}e`], name: `${name}e` });
      return `${name}e`;
    }
    initializers.push({ name, dims: v.shape, data_type: onnxType(v.dtype), raw_data: rawBytes(data) });
    return name;
  };
  const nameOf = (v: Value | null): string => {
    if (v === null) return '';
    const known = names.get(v);
    if (known !== undefined) return known;
    if (v.def.kind === 'node' || v.def.kind === 'input')
      throw new Error(`encode: a value of kind ${v.def.kind} has no place in the graph`);
    const name = v.def.kind === 'constant' ? constant(v, v.def.data, v.def.splat) : constant(v, hostData(v.def.host));
    names.set(v, name);
    return name;
  };

  const used = new Set<Value>(graph.outputs);
  for (const n of graph.nodes) for (const v of n.inputs) if (v) used.add(v);
  graph.nodes.forEach((n: Node, i) => {
    const input = n.inputs.map(nameOf);
    const output = n.outputs.map((v, j) => {
      if (j > 0 && !ALL_OUTPUTS.has(n.op) && !used.has(v)) return '';
      const name = `v${i}_${j}`;
      if (!names.has(v)) names.set(v, name); // else it was computed before and is fed
      return name;
    });
    if (n.op === 'After') {
      nodes.push(...after(input, output[0] as string, constant(i64([...(n.outputs[0] as Value).shape]))));
      return;
    }
    while (output.length > 1 && output[output.length - 1] === '') output.pop();
    nodes.push({
      op_type: n.op,
      domain: CONTRIB.has(n.op) ? 'com.microsoft' : '',
      name: `${i}`,
      input,
      output,
      attribute: Object.entries(n.attrs).map(([k, a]) => attribute(k, a)),
    });
  });

  const info = (name: string, v: Value): object => ({
    name,
    type: { tensor_type: { elem_type: onnxType(v.dtype), shape: { dim: v.shape.map((n) => ({ dim_value: n })) } } },
  });
  const taken = new Set<string>();
  const outputs = graph.outputs.map((v, i) => {
    const from = nameOf(v);
    if (v.def.kind === 'node' && !taken.has(from)) {
      taken.add(from);
      return from;
    }
    nodes.push({ op_type: 'Identity', input: [from], output: [`out${i}`], name: `out${i}` });
    return `out${i}`;
  });

  const message = {
    ir_version: IR_VERSION,
    producer_name: 'looplab',
    opset_import: [
      { domain: '', version: OPSET },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'looplab',
      node: nodes,
      initializer: initializers,
      input: graph.inputs.map((v, i) => info(inputs[i] as string, v)),
      output: graph.outputs.map((v, i) => info(outputs[i] as string, v)),
    },
  };
  return { bytes: model().encode(message).finish(), inputs, outputs };
}
