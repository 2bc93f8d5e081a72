// The TensorFlow.js backend `onnx`: kernels add nodes to a graph; values are computed when they are asked for.
import * as tf from '@tensorflow/tfjs-core';
import { type DType, hostData, makeData, type TypedArray, type Value } from '../graph/graph.ts';
import { Lazy } from './lazy.ts';

export const BACKEND = 'onnx';

interface Entry {
  readonly value: Value;
  /** Strings have no graph; they are only kept for those who wrote them. */
  readonly strings?: Uint8Array[];
  refCount: number;
}

const RANDOM_OPS =
  /^(rand|randomNormal|randomUniform|randomUniformInt|randomStandardNormal|randomGamma|truncatedNormal|dropout|multinomial)_*op$/;

/** Thrown when a value is wanted while only its computation is being recorded. */
class TraceReadError extends Error {
  override readonly name = 'TraceReadError';
}

/** Thrown when a tensor is used after it was disposed. */
export class DisposedTensorError extends Error {
  override readonly name = 'DisposedTensorError';
}

/** Thrown for a random operation inside a compiled function, where it would become a constant. */
export class TraceRandomError extends Error {
  override readonly name = 'TraceRandomError';
}

export class OnnxBackend extends tf.KernelBackend {
  private readonly entries = new Map<object, Entry>();
  /** How many tensors hold each value: what lazy evaluation must not compute twice. */
  private readonly holders = new Map<Value, number>();
  /** Name of the function being traced, if one is. */
  tracing: string | null = null;
  /** Tensors made during the trace. */
  private traced: object[] | undefined;
  readonly lazy: Lazy;

  constructor() {
    super();
    this.lazy = new Lazy((v) => this.holders.has(v));
  }

  private hold(value: Value, strings?: Uint8Array[]): object {
    const dataId = {};
    this.traced?.push(dataId);
    this.entries.set(dataId, strings ? { value, strings, refCount: 1 } : { value, refCount: 1 });
    this.countHolders(value, 1);
    return dataId;
  }

  private countHolders(value: Value, change: number): void {
    const n = (this.holders.get(value) ?? 0) + change;
    if (n > 0) this.holders.set(value, n);
    else this.holders.delete(value);
  }

  /** Runs `record` as the trace of function `name`. What it leaves behind (kept tensors) is dropped: it has no values. */
  traceAs(name: string, record: () => void): void {
    if (this.tracing !== null) {
      throw new Error(
        `compiled function '${name}' was called while '${this.tracing}' is traced; call the plain function there`,
      );
    }
    this.tracing = name;
    this.traced = [];
    try {
      record();
    } finally {
      const left = this.traced;
      this.tracing = null;
      this.traced = undefined;
      for (const dataId of left) {
        const kind = this.entries.get(dataId)?.value.def.kind;
        if (kind === 'node' || kind === 'input') this.disposeData(dataId, true);
      }
    }
  }

  /** The graph value behind a tensor. */
  valueBehind(dataId: object): Value {
    const entry = this.entries.get(dataId);
    if (!entry) throw new DisposedTensorError('this tensor was disposed, or belongs to another backend');
    return entry.value;
  }

  /** How many live tensors share a value; 1 means that its memory may be given away. */
  holdersOf(value: Value): number {
    return this.holders.get(value) ?? 0;
  }

  /** What a kernel returns to tfjs for a value. */
  tensorInfo(value: Value): tf.TensorInfo {
    return { dataId: this.hold(value), shape: [...value.shape], dtype: value.dtype as tf.DataType };
  }

  /** A tensor of the current tfjs scope that holds `value`. */
  tensor(value: Value): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.tensorInfo(value));
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    this.refuseRandom();
    if (dtype === 'string') return this.hold(makeData(new Uint8Array(0), shape, 'bool'), values as Uint8Array[]);
    return this.hold(makeData(toTyped(values as ArrayLike<number>, dtype), shape, dtype as DType));
  }

  override move(dataId: object, values: tf.BackendValues, shape: number[], dtype: tf.DataType, refCount: number): void {
    const strings = dtype === 'string' ? (values as Uint8Array[]) : undefined;
    const value = strings
      ? makeData(new Uint8Array(0), shape, 'bool')
      : makeData(toTyped(values as ArrayLike<number>, dtype), shape, dtype as DType);
    this.entries.set(dataId, strings ? { value, strings, refCount } : { value, refCount });
    this.countHolders(value, refCount);
  }

  private refuseRandom(): void {
    if (this.tracing === null) return;
    const { scopeStack } = tf.engine().state as unknown as { scopeStack: { name: string }[] };
    const scope = scopeStack.find((s) => RANDOM_OPS.test(s.name));
    if (scope) {
      throw new TraceRandomError(
        `tf.${scope.name.replace(/_*op$/, '')} inside compiled function '${this.tracing}' would be drawn once and then stay fixed; draw the noise outside and pass it in as an argument`,
      );
    }
  }

  override async read(dataId: object): Promise<tf.BackendValues> {
    const entry = this.entries.get(dataId);
    if (!entry) throw new Error('cannot read a tensor that was disposed');
    if (entry.strings) return entry.strings;
    this.refuseRead(entry.value, 'data()');
    return (await this.lazy.compute(entry.value)).slice() as tf.BackendValues;
  }

  override readSync(dataId: object): tf.BackendValues {
    const entry = this.entries.get(dataId);
    if (!entry) throw new Error('cannot read a tensor that was disposed');
    if (entry.strings) return entry.strings;
    this.refuseRead(entry.value, 'dataSync()');
    const { def } = entry.value;
    if (def.kind === 'data') return hostData(def.host).slice() as tf.BackendValues;
    const known = this.lazy.constant(entry.value);
    if (known) return known as tf.BackendValues;
    throw new TraceReadError(
      "dataSync() and arraySync() are not possible on backend 'onnx', which computes asynchronously; use await x.data() or await x.array()",
    );
  }

  private refuseRead(value: Value, how: string): void {
    if (this.tracing === null || value.def.kind === 'data' || value.def.kind === 'constant') return;
    throw new TraceReadError(
      `${how} inside compiled function '${this.tracing}': its tensors have no values while it is traced; return the tensor and read the result, or branch on a non-tensor argument`,
    );
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.entries.get(dataId);
    if (!entry) return true;
    const gone = force ? entry.refCount : 1;
    entry.refCount -= gone;
    this.countHolders(entry.value, -gone);
    if (entry.refCount > 0) return false;
    this.entries.delete(dataId);
    return true;
  }

  override refCount(dataId: object): number {
    return this.entries.get(dataId)?.refCount ?? 0;
  }

  override incRef(dataId: object): void {
    const entry = this.entries.get(dataId);
    if (!entry) return;
    entry.refCount++;
    this.countHolders(entry.value, 1);
  }

  override dispose(): void {
    this.entries.clear();
    this.holders.clear();
  }

  override numDataIds(): number {
    return this.entries.size;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
}

function toTyped(values: ArrayLike<number>, dtype: tf.DataType): TypedArray {
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values);
  if (dtype === 'bool') return values instanceof Uint8Array ? values : Uint8Array.from(values, (x) => (x ? 1 : 0));
  throw new Error(
    `backend 'onnx' has no ${dtype} tensors (float32, int32, bool only); use an eager backend for this: useDevice({ kind: 'cpu' })`,
  );
}

/** The backend object if `onnx` is the current backend. */
export function currentOnnxBackend(): OnnxBackend | undefined {
  if (tf.getBackend() !== BACKEND) return undefined;
  return tf.backend() as OnnxBackend;
}
