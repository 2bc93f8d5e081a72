// Builds the TensorFlow.js Node addon from the npm package's own sources against the TensorFlow of pip.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { lastLines, runCommand } from './runCommand.ts';
import { addonFile, type InstalledPackage } from './tensorflowHome.ts';

export interface BuildTools {
  readonly python: string;
  readonly compiler: string;
  /** Stops them. */
  readonly signal?: AbortSignal;
}

/**
 * Finds a Python with pip and a C++ compiler (`$LOOPLAB_PYTHON` and `$CXX` come first).
 * @throws naming each missing tool and how to install it
 */
export async function findBuildTools(): Promise<BuildTools> {
  const missing: string[] = [];
  const pythons = process.env.LOOPLAB_PYTHON ? [process.env.LOOPLAB_PYTHON] : ['python3', 'python'];
  const python = await firstThat(pythons, (p) => [p, '-m', 'pip', '--version']);
  if (!python) missing.push(`python3 with pip (tried ${pythons.join(', ')}; Debian: apt-get install python3-pip)`);
  const compilers = process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++'];
  const compiler = await firstThat(compilers, (c) => [c, '--version']);
  if (!compiler) missing.push(`a C++ compiler (tried ${compilers.join(', ')}; Debian: apt-get install g++)`);
  if (python && compiler) return { python, compiler };
  throw new Error(`building the addon needs ${missing.join(' and ')}`);
}

async function firstThat(names: readonly string[], test: (name: string) => string[]): Promise<string | null> {
  for (const name of names) {
    const [file = name, ...args] = test(name);
    if ((await runCommand(file, args, { timeout: 60_000 })).code === 0) return name;
  }
  return null;
}

/** What to ask pip for, first choice first: the newest, then the one this was tried with. */
export function wheels(variant: 'cpu' | 'gpu'): readonly string[] {
  return variant === 'gpu'
    ? ['tensorflow[and-cuda]', 'tensorflow[and-cuda]==2.21.0']
    : ['tensorflow-cpu', 'tensorflow-cpu==2.21.0', 'tensorflow'];
}

/**
 * Installs `wheel` below `dir` and keeps of it what an addon needs. The CUDA libraries of `[and-cuda]` come along as packages.
 * @returns the folder that holds libtensorflow and its headers
 */
export async function installWheel(dir: string, wheel: string, { python, signal }: BuildTools): Promise<string> {
  const site = join(dir, 'deps', 'site');
  const scratch = join(dir, 'pip');
  rmSync(site, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  // without CUDA nothing that TensorFlow's Python half depends on is of use here
  const dependencies = wheel.includes('[') ? [] : ['--no-deps'];
  const args = ['-m', 'pip', 'install', '--target', site, '--quiet', ...dependencies, wheel];
  const pip = await runCommand(python, args, {
    ...(signal ? { signal } : {}),
    env: { TMPDIR: scratch, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  rmSync(scratch, { recursive: true, force: true });
  const library = join(site, 'tensorflow');
  if (pip.code !== 0) throw new Error(`pip could not install ${wheel}:\n${lastLines(pip)}`);
  if (!existsSync(join(library, LIBRARIES[0]))) throw new Error(`${wheel} has no ${LIBRARIES[0]}`);
  return library;
}

/** The C API lives in the first, both are needed. */
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/**
 * Compiles the package's two source files into `dir`, which may be moved afterwards: libraries are found relative to the addon.
 * @returns the addon file
 */
export async function compileAddon(
  dir: string,
  library: string,
  pkg: InstalledPackage,
  { compiler, signal }: BuildTools,
): Promise<string> {
  const headers = join(dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
  const sources = join(pkg.dir, 'binding');
  const addon = addonFile(dir, pkg.napi);
  mkdirSync(dirname(addon), { recursive: true });
  const args = [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', `-DNAPI_VERSION=${pkg.napi}`],
    ...['-I', headers, '-I', join(library, 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(sources, name)),
    ...LIBRARIES.map((name) => join(library, name)),
    `-Wl,-rpath,$ORIGIN/${relative(dirname(addon), library)}`,
    ...['-o', addon],
  ];
  const build = await runCommand(compiler, args, signal ? { signal } : {});
  if (build.code !== 0) throw new Error(`${compiler} could not build the addon:\n${lastLines(build, 30)}`);
  return addon;
}

/** Removes what only Python or the compiler needed. */
export function pruneWheel(library: string): void {
  const licences = ['THIRD_PARTY_NOTICES.txt'];
  for (const name of readdirSync(library)) {
    if (!name.startsWith('libtensorflow') && !licences.includes(name)) {
      rmSync(join(library, name), { recursive: true, force: true });
    }
  }
}
