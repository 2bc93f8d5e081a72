// Lazy evaluation: runs the pending part of the graph that a wanted value needs, and remembers compiled pieces by structure.
import { collect, type Graph, hostData, type Node, type TypedArray, type Value } from '../graph/graph.ts';
import { optimize } from '../graph/optimize.ts';
import { allocate, load, type Program } from '../run/program.ts';
import { currentSettings } from '../run/settings.ts';

/** Compiled pieces kept; the least recently used goes first. */
const MAX_PROGRAMS = 256;

export class Lazy {
  private readonly programs = new Map<string, Promise<Program>>();
  private readonly isHeld: (v: Value) => boolean;

  /** @param isHeld whether a tensor still refers to a value, so that it may be asked for later */
  constructor(isHeld: (v: Value) => boolean) {
    this.isHeld = isHeld;
  }

  /** How many compiled pieces are kept. */
  get size(): number {
    return this.programs.size;
  }

  /** The elements of a constant, without running anything. */
  constant(v: Value): TypedArray | undefined {
    if (v.def.kind !== 'constant') return undefined;
    const { data, splat } = v.def;
    return splat ? allocate(v.dtype, v.shape).fill(data[0] as never) : data;
  }

  /** The values of `v`; computed now, with everything pending below it that tensors still hold. */
  async compute(v: Value): Promise<TypedArray> {
    const { def } = v;
    if (def.kind === 'data') return hostData(def.host);
    if (def.kind === 'constant') return this.constant(v) as TypedArray;
    if (def.kind === 'input') throw new Error('a value of a traced function has no data');
    const pending = collect([], [v]);
    const outputs = [v];
    for (const n of pending.nodes) {
      for (const o of n.outputs) if (o !== v && o.def.kind === 'node' && this.isHeld(o)) outputs.push(o);
    }
    const graph: Graph = { inputs: leaves(pending.nodes), outputs, nodes: pending.nodes };
    const program = await this.program(graph);
    const feeds = graph.inputs.map((x) => hostData((x.def as { host: { data: TypedArray | null } }).host));
    const results = await program.run(feeds);
    outputs.forEach((o, i) => {
      if (o.def.kind === 'node') o.def = { kind: 'data', host: { data: results[i] as TypedArray } };
    });
    return results[0] as TypedArray;
  }

  private program(graph: Graph): Promise<Program> {
    const settings = currentSettings();
    const key = `${JSON.stringify(settings)}|${structure(graph)}`;
    const known = this.programs.get(key);
    if (known) {
      this.programs.delete(key);
      this.programs.set(key, known);
      return known;
    }
    const made = load(optimize(graph), settings);
    this.programs.set(key, made);
    made.catch(() => this.programs.delete(key));
    if (this.programs.size > MAX_PROGRAMS) {
      const [oldest, program] = this.programs.entries().next().value as [string, Promise<Program>];
      this.programs.delete(oldest);
      void program.then((p) => p.release());
    }
    return made;
  }
}

/** Values of kind `data` that nodes use, each once. */
function leaves(nodes: readonly Node[]): Value[] {
  const found = new Set<Value>();
  for (const n of nodes) for (const v of n.inputs) if (v?.def.kind === 'data') found.add(v);
  return [...found];
}

/** Text that is equal for two graphs exactly if one compiled program serves both. */
function structure(graph: Graph): string {
  const ids = new Map<Value, number>();
  const parts: string[] = [];
  const idOf = (v: Value | null): string => {
    if (v === null) return '_';
    const known = ids.get(v);
    if (known !== undefined) return `${known}`;
    ids.set(v, ids.size);
    if (v.def.kind === 'constant') {
      parts.push(
        `c${v.dtype}[${v.shape}]${v.def.splat ? 's' : ''}=${Array.from(v.def.data as ArrayLike<number>).join()}`,
      );
    }
    return `${ids.size - 1}`;
  };
  for (const v of graph.inputs) {
    idOf(v);
    parts.push(`i${v.dtype}[${v.shape}]`);
  }
  for (const n of graph.nodes) {
    const inputs = n.inputs.map(idOf).join();
    const outputs = n.outputs.map((o) => `${idOf(o)}:${o.dtype}[${o.shape}]`).join();
    parts.push(`${outputs}=${n.op}(${inputs})${JSON.stringify(n.attrs)}`);
  }
  parts.push(graph.outputs.map(idOf).join());
  return parts.join('\n');
}
