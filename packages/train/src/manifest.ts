// Where a run came from: code, machine, packages, seed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from './runId.ts';

/** What `manifest.json` holds. */
export interface Manifest {
  readonly runId: string;
  readonly codeId: string;
  /** Null outside a git checkout; `diffHash` is null if nothing differs from the commit. */
  readonly git: { readonly sha: string; readonly dirty: boolean; readonly diffHash: string | null } | null;
  readonly lockfileHash: string | null;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly packages: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly createdAt: string;
  /** Number of parameters of the model. */
  readonly params: number;
  /** Name of the TensorFlow.js backend. */
  readonly device: string;
}

const RECORDED = ['@looplab/engine', '@looplab/core', '@looplab/objectives', '@looplab/tasks', '@looplab/train'].concat(
  ['@tensorflow/tfjs-core', 'onnxruntime-node', '@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', 'zod'],
);

/** Looks at git, the lockfile, Node, the CPU and the installed packages; what is missing is recorded as null. */
export function describeOrigin(run: {
  runId: string;
  codeId: string;
  seed: number;
  params: number;
  device: string;
}): Manifest {
  const here = dirname(fileURLToPath(import.meta.url));
  const lockfile = findUp(here, 'pnpm-lock.yaml');
  return {
    runId: run.runId,
    codeId: run.codeId,
    git: gitState(here),
    lockfileHash: lockfile === undefined ? null : sha256(readFileSync(lockfile)),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    packages: packageVersions(here),
    seed: run.seed,
    createdAt: new Date().toISOString(),
    params: run.params,
    device: run.device,
  };
}

function gitState(cwd: string): Manifest['git'] {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
    const sha = git('rev-parse', 'HEAD').trim();
    const status = git('status', '--porcelain');
    const dirty = status !== '';
    return { sha, dirty, diffHash: dirty ? sha256(status + git('diff', 'HEAD')) : null };
  } catch {
    return null;
  }
}

function packageVersions(from: string): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const name of RECORDED) {
    // Packages of ours bring their own dependencies, so a package may be installed beside any of them.
    const file = [from, ...siblings(from)]
      .map((d) => findUp(d, join('node_modules', name, 'package.json')))
      .find(Boolean);
    if (file === undefined) continue;
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string }; // npm requires it to be JSON
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

function siblings(from: string): string[] {
  return ['engine', 'core'].flatMap((name) => {
    const file = findUp(from, join('node_modules', '@looplab', name, 'package.json'));
    return file === undefined ? [] : [dirname(file)];
  });
}

function findUp(from: string, name: string): string | undefined {
  const root = parse(from).root;
  for (let dir = from; ; dir = dirname(dir)) {
    const file = join(dir, name);
    if (existsSync(file)) return file;
    if (dir === root) return undefined;
  }
}
