// Runs TensorFlow.js's own tests under jasmine against one backend and collects the outcome and the kernels of every spec.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { backends } from './backends.ts';
import { differsBecause, excludedBecause } from './exclusions.ts';
import { distOf, installHooks, internal } from './hooks.ts';

const require = createRequire(import.meta.url); // jasmine-core is CommonJS without types

/** How one spec ended. `unsupported`: it failed at a kernel, or a type of tensor, that the backend says it does not have; `different`: it failed and is listed as a known difference. */
export type Outcome = 'passed' | 'failed' | 'unsupported' | 'different' | 'excluded';

/** One spec of tfjs-core with what happened to it. */
export interface SpecResult {
  /** Test file below `dist`, without extension: `ops/mat_mul_test`. */
  readonly file: string;
  /** Full name without the backend's. */
  readonly name: string;
  readonly outcome: Outcome;
  /** Kernels asked for while the spec ran, sorted. */
  readonly kernels: readonly string[];
  /** Those of `kernels` that the backend has not registered. */
  readonly missing: readonly string[];
  /** First failure, or the reason of the exclusion. */
  readonly message?: string;
  readonly ms: number;
}

export interface HarnessOptions {
  readonly backend: string;
  /** Only specs whose `file: name` matches. */
  readonly filter?: RegExp;
  /** Names only; nothing is run. */
  readonly list?: boolean;
  /** A spec that takes longer fails. Default 20000. */
  readonly timeoutMs?: number;
  readonly onSpec?: (result: SpecResult) => void;
  /** Told when the set-up or clean-up of a group of specs fails; its specs fail too. */
  readonly onSuiteFailure?: (message: string) => void;
}

export interface HarnessResult {
  readonly specs: readonly SpecResult[];
  /** Kernels the backend has registered, sorted. */
  readonly registered: readonly string[];
}

interface JasmineSpec {
  readonly id: string;
  readonly fullName: string;
  readonly status: string;
  readonly failedExpectations: readonly { readonly message: string; readonly stack?: string }[];
}
interface JasmineEnv {
  configure(options: object): void;
  clearReporters(): void;
  addReporter(reporter: object): void;
  execute(): Promise<unknown>;
}
interface Engine {
  runKernel(name: string, inputs: unknown, attrs: unknown): unknown;
  reset(): void;
}

/**
 * Loads the test files in the order of tfjs-core's own list and runs their specs one after another in that order.
 * Call once per process: jasmine and the module hooks are installed for good.
 */
export async function runTfjsTests(options: HarnessOptions): Promise<HarnessResult> {
  const backend = backends[options.backend];
  if (backend === undefined)
    throw new Error(`unknown backend ${options.backend}; expected one of ${Object.keys(backends).join(', ')}`);
  installHooks(['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu']);
  const jasmine = require('jasmine-core').boot(true);
  const env: JasmineEnv = jasmine.getEnv();
  const core = distOf('@tensorflow/tfjs-core');

  await internal('index');
  await internal('public/chained_ops/register_all_chained_ops');
  await internal('register_all_gradients');
  await backend.load();
  const { setTestEnvs } = await internal('jasmine_util');
  Error.stackTraceLimit = 30; // jasmine_util makes it infinite, which is slow
  jasmine.DEFAULT_TIMEOUT_INTERVAL = options.timeoutMs ?? 20_000;
  const { ENGINE } = (await internal('engine')) as { ENGINE: Engine };
  setTestEnvs([{ name: options.backend, backendName: options.backend, isDataSync: backend.isDataSync }]);

  const specs: SpecResult[] = [];
  const fileOf = new Map<string, string>();
  const plainName = (fullName: string) => fullName.replace(` ${options.backend} {}`, '');
  const exclude = (file: string, name: string, reason: string) =>
    specs.push({ file, name, outcome: 'excluded', kernels: [], missing: [], message: reason, ms: 0 });

  // jasmine calls the global `it` while a file loads: remember which file each spec came from.
  const globals = globalThis as unknown as { it: (...args: unknown[]) => { readonly id: string } };
  const declareSpec = globals.it;
  let loading = '';
  globals.it = (...args) => {
    const spec = declareSpec(...args);
    fileOf.set(spec.id, loading);
    return spec;
  };
  for (const file of testFiles(core)) {
    const reason = excludedBecause(file, undefined, options.backend);
    if (reason !== undefined) {
      exclude(file, '(whole file)', reason);
      continue;
    }
    loading = file;
    await internal(file);
  }

  const { getKernelsForBackend } = (await internal('kernel_registry')) as {
    getKernelsForBackend: (name: string) => { readonly kernelName: string }[];
  };
  const registered = getKernelsForBackend(options.backend)
    .map((k) => k.kernelName)
    .sort();
  const has = new Set(registered);
  let asked = new Set<string>();
  const runKernel = ENGINE.runKernel;
  ENGINE.runKernel = function (name, inputs, attrs) {
    asked.add(name);
    return runKernel.call(this, name, inputs, attrs);
  };

  let startedAt = 0;
  env.clearReporters();
  env.configure({
    random: false,
    stopSpecOnExpectationFailure: false,
    specFilter: (spec: { readonly id: string; getFullName(): string }) => {
      const file = fileOf.get(spec.id) ?? '';
      const name = plainName(spec.getFullName());
      return (
        (options.filter?.test(`${file}: ${name}`) ?? true) && excludedBecause(file, name, options.backend) === undefined
      );
    },
  });
  env.addReporter({
    suiteDone(suite: { readonly fullName: string; readonly failedExpectations: JasmineSpec['failedExpectations'] }) {
      for (const f of suite.failedExpectations)
        options.onSuiteFailure?.(`${suite.fullName}: ${f.message}\n${f.stack ?? ''}`);
    },
    specStarted() {
      asked = new Set();
      startedAt = performance.now();
    },
    specDone(spec: JasmineSpec) {
      const file = fileOf.get(spec.id) ?? '';
      const name = plainName(spec.fullName);
      if (spec.status === 'excluded') {
        const reason = excludedBecause(file, name, options.backend);
        if (reason !== undefined) exclude(file, name, reason);
        return;
      }
      if (spec.status === 'pending') return void exclude(file, name, 'disabled by tfjs itself');
      const kernels = [...asked].sort();
      const missing = kernels.filter((k) => !has.has(k));
      const failure = spec.failedExpectations[0];
      const refused =
        missing.length > 0 || /UnsupportedKernelError|backend '\w+' cannot run/.test(failure?.message ?? '');
      const difference = differsBecause(name, options.backend);
      const failed: Outcome = refused ? 'unsupported' : difference !== undefined ? 'different' : 'failed';
      const outcome: Outcome = spec.status === 'passed' || options.list ? 'passed' : failed;
      const result = {
        file,
        name,
        outcome,
        kernels,
        missing,
        ms: performance.now() - startedAt,
        ...(failure === undefined ? {} : { message: `${failure.message}\n${failure.stack ?? ''}` }),
      };
      specs.push(result);
      options.onSpec?.(result);
    },
  });
  if (options.list) env.configure({ dryRun: true });
  await env.execute();
  return { specs, registered };
}

/** Test files in the order of tfjs-core's `dist/tests.js`, as paths below `dist` without extension. */
function testFiles(core: string): string[] {
  return [...readFileSync(join(core, 'tests.js'), 'utf8').matchAll(/^import '\.\/(.*)';$/gm)].map((m) => m[1] ?? '');
}
