// The tests of tfjs-core that are not run, each with its reason.

/** Test files or specs left out; `file` is a path below `dist` without `.js`, `spec` the full name without backend; both match as a whole or by expression. */
export interface Exclusion {
  readonly file?: RegExp;
  readonly spec?: RegExp;
  /** Backends it holds for; all when absent. */
  readonly backends?: readonly string[];
  readonly reason: string;
}

/** Excluded for every backend: these do not test what a backend computes. */
export const exclusions: readonly Exclusion[] = [
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
