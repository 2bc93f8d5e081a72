// Where the eager TensorFlow device keeps its library and addon, and how they reach the installed npm package.
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The npm package whose binding is built and loaded; its sources are those of tfjs-node. */
export const TFJS_NODE = '@tensorflow/tfjs-node-gpu';

/** What every message about a missing TensorFlow ends with. */
export const SETUP_COMMAND = 'looplab setup tensorflow';

/** What `looplab setup tensorflow` left behind. */
export interface TensorflowInstallation {
  /** `cpu`, or `gpu`: a TensorFlow that knows CUDA. */
  readonly variant: 'cpu' | 'gpu';
  /** `official`: the binaries the package itself downloads; `wheel`: built here against pip's TensorFlow. */
  readonly source: 'official' | 'wheel';
  /** Version of the TensorFlow library. */
  readonly tensorflow: string;
  /** Version of the npm package the addon belongs to. */
  readonly package: string;
  /** Whether a GPU was seen when it was set up. */
  readonly gpuSeen: boolean;
}

/** The cache folder: `$LOOPLAB_CACHE`, else `.cache` of this workspace, else `~/.cache/looplab`. */
function cacheDir(): string {
  if (process.env.LOOPLAB_CACHE) return resolve(process.env.LOOPLAB_CACHE);
  const workspace = resolve(import.meta.dirname, '../../../..');
  if (existsSync(join(workspace, 'pnpm-workspace.yaml'))) return join(workspace, '.cache');
  return join(homedir(), '.cache', 'looplab');
}

/** The folder a finished set-up lives in. It appears by one rename, so whatever is there is complete. */
export function tensorflowHome(cache = cacheDir()): string {
  return join(cache, 'tensorflow');
}

/** The set-up in `home`, or null when there is none (or it is not readable, which a new set-up repairs). */
export function readInstallation(home = tensorflowHome()): TensorflowInstallation | null {
  try {
    const found = JSON.parse(readFileSync(join(home, 'ready.json'), 'utf8')) as Partial<TensorflowInstallation>;
    const { variant, source, tensorflow, package: version, gpuSeen } = found;
    if (variant !== 'cpu' && variant !== 'gpu') return null;
    if (source !== 'official' && source !== 'wheel') return null;
    if (typeof tensorflow !== 'string' || typeof version !== 'string' || typeof gpuSeen !== 'boolean') return null;
    return { variant, source, tensorflow, package: version, gpuSeen };
  } catch {
    return null;
  }
}

export interface InstalledPackage {
  /** Its folder, links resolved. */
  readonly dir: string;
  readonly version: string;
  /** The newest Node-API version that both this Node and the package know; names the addon's folder. */
  readonly napi: number;
}

/** The installed npm package, or null when it was left out (it is an optional dependency). */
export function installedPackage(): InstalledPackage | null {
  try {
    const file = createRequire(import.meta.url).resolve(`${TFJS_NODE}/package.json`);
    const { version, binary } = JSON.parse(readFileSync(file, 'utf8')) as {
      version: string;
      binary: { napi_versions: number[] };
    };
    const known = binary.napi_versions.filter((v) => v <= Number(process.versions.napi));
    return { dir: dirname(file), version, napi: Math.max(...known) };
  } catch {
    return null;
  }
}

/** Folder of the addon relative to the package, and to the home folder. */
function addonFolder(napi: number): string {
  return join('lib', `napi-v${napi}`);
}

/** The addon file below `root`. */
export function addonFile(root: string, napi: number): string {
  return join(root, addonFolder(napi), 'tfjs_binding.node');
}

/**
 * Makes the package find the addon: its `lib/napi-v*` becomes a link to the one in `home`. A reinstalled package has lost the
 * link, so this runs at every load. An addon that the package's own installer put there is left alone.
 */
export function linkAddon({ dir, napi }: InstalledPackage, home = tensorflowHome()): void {
  const link = join(dir, addonFolder(napi));
  const target = join(home, addonFolder(napi));
  if (!existsSync(target)) return;
  const state = lstatSync(link, { throwIfNoEntry: false });
  if (state?.isSymbolicLink() && readlinkSync(link) === target) return;
  if (state && !state.isSymbolicLink() && existsSync(addonFile(dir, napi))) return;
  rmSync(link, { recursive: true, force: true });
  mkdirSync(dirname(link), { recursive: true });
  try {
    symlinkSync(target, link, 'junction');
  } catch (error) {
    // another process was faster
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
