// A program: an optimised graph loaded into ONNX Runtime, run on typed arrays.
import * as ort from 'onnxruntime-node';
import { type DType, type Graph, size, type TypedArray, type Value } from '../graph/graph.ts';
import { encode } from '../onnx/encode.ts';

export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda';

/** How sessions are made; see {@link DeviceOptions}. */
export interface SessionSettings {
  readonly provider: ExecutionProvider;
  readonly threads: number;
  /** Threads spin while they wait: faster alone, harmful when several runs share a machine. */
  readonly spinning: boolean;
  /** Where ONNX Runtime writes a profile of every operator, if anywhere. */
  readonly profile?: string;
}

export interface Program {
  readonly graph: Graph;
  /**
   * Runs once. `into[i]`, if given, is memory of output i's type and size that the result is written into.
   * @returns one array per output of the graph
   */
  run(inputs: readonly TypedArray[], into?: readonly (TypedArray | undefined)[]): Promise<TypedArray[]>;
  /** Frees the session; with a profile, writes it. */
  release(): Promise<void>;
  endProfiling(): void;
}

function toTensor(v: Value, data: TypedArray): ort.Tensor {
  return new ort.Tensor(v.dtype, data as never, v.shape);
}

export function allocate(dtype: DType, shape: readonly number[]): TypedArray {
  const n = size(shape);
  if (dtype === 'float32') return new Float32Array(n);
  if (dtype === 'int32') return new Int32Array(n);
  return dtype === 'bool' ? new Uint8Array(n) : new BigInt64Array(n);
}

/** Loads `graph`. Throws what ONNX Runtime says if it cannot run it. */
export async function load(graph: Graph, settings: SessionSettings): Promise<Program> {
  const model = encode(graph);
  const session = await ort.InferenceSession.create(model.bytes, {
    executionProviders: [settings.provider],
    // Our own passes did what applies; ONNX Runtime's would fold away the dependencies that keep memory low.
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // A memory pattern plans one block for all tensors, beside the arena that the first run has grown: more memory, no speed.
    enableMemPattern: false,
    enableCpuMemArena: true,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: settings.spinning ? '1' : '0' } } },
    ...(settings.profile ? { enableProfiling: true, profileFilePrefix: settings.profile } : {}),
  });
  return {
    graph,
    async run(inputs, into = []) {
      const feeds: Record<string, ort.Tensor> = {};
      graph.inputs.forEach((v, i) => {
        feeds[model.inputs[i] as string] = toTensor(v, inputs[i] as TypedArray);
      });
      const fetches: Record<string, ort.Tensor | null> = {};
      graph.outputs.forEach((v, i) => {
        const memory = into[i];
        fetches[model.outputs[i] as string] = memory ? toTensor(v, memory) : null;
      });
      const results = await session.run(feeds, fetches);
      return model.outputs.map((name, i) => into[i] ?? (results[name]?.data as TypedArray));
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}
