// The tests of tfjs-core that are not run or may fail, each with its reason.

/** Test files or specs left out; `file` is a path below `dist` without `.js`, `spec` the full name without backend; both match as a whole or by expression. */
interface Exclusion {
  readonly file?: RegExp;
  readonly spec?: RegExp;
  /** Backends it holds for; all when absent. */
  readonly backends?: readonly string[];
  readonly reason: string;
}

/** Excluded for every backend: these do not test what a backend computes. */
const exclusions: readonly Exclusion[] = [
  { file: /^io\//, reason: 'model files, HTTP and browser storage: no kernel' },
  { file: /^platforms\/|^browser_util|^device_util/, reason: 'platform detection and browser services: no kernel' },
  {
    file: /^(environment|flags|globals|jasmine_util|test_util|version|hash_util|types|util|tensor_util|serialization)_test$/,
    reason: 'internals of tfjs-core: no kernel',
  },
  {
    file: /^(engine|kernel_registry|tape|profiler|debug_mode)_test$/,
    reason: 'the engine itself, tested with mock backends registered by the test',
  },
  { file: /^backends\//, reason: 'helpers of other backends: no kernel' },
  { file: /^public\/chained_ops\//, reason: 'chained methods are aliases of the functional ops tested here' },
  { file: /_util_test$/, reason: 'shape helpers of tfjs-core: no kernel' },
  { file: /^ops\/(from_pixels|to_pixels|draw)_test$/, reason: 'browser image elements and canvases' },
  { spec: /computation in worker/, reason: 'starts a web worker on a bundled tfjs' },
];

/** Reason why a spec is not run, or undefined when it is. */
export function excludedBecause(file: string, spec: string | undefined, backend: string): string | undefined {
  return exclusions.find(
    (e) =>
      (e.backends === undefined || e.backends.includes(backend)) &&
      (e.file === undefined || e.file.test(file)) &&
      (e.spec === undefined || (spec !== undefined && e.spec.test(spec))),
  )?.reason;
}

/** A spec that a backend is known to answer differently; a run counts it apart from failures. */
interface Difference {
  readonly backend: string;
  /** Full name without the backend's. */
  readonly spec: string;
  readonly reason: string;
}

export const differences: readonly Difference[] = [
  {
    backend: 'onnx',
    spec: 'exp int32',
    reason: "exp(10): the last digit of ONNX Runtime's float32 differs, and the test allows less than half a digit",
  },
  {
    backend: 'onnx',
    spec: 'tan numbers exceed float32 precision',
    reason: 'tan near its pole: the last digit of float32 differs, and the test allows less than that',
  },
  {
    backend: 'onnx',
    spec: 'gather throws when index is out of bound',
    reason: 'indices are looked at when values are computed: await x.data() rejects, gather itself does not throw',
  },
];

/** Why a spec may fail on a backend, if it may. */
export function differsBecause(spec: string, backend: string): string | undefined {
  return differences.find((d) => d.backend === backend && d.spec === spec)?.reason;
}
