// `looplab setup tensorflow`: makes @tensorflow/tfjs-node-gpu work on this machine.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compileAddon, findBuildTools, installWheel, pruneWheel, wheels } from './buildAddon.ts';
import { type AddonCheck, checkAddon } from './checkAddon.ts';
import { fetchOfficial } from './officialBinaries.ts';
import {
  addonFile,
  type InstalledPackage,
  installedPackage,
  linkAddon,
  readInstallation,
  type TensorflowInstallation,
  TFJS_NODE,
  tensorflowHome,
} from './tensorflowHome.ts';

export interface SetupTensorflowOptions {
  /** Use a TensorFlow with CUDA. Not verified on a GPU by this project. */
  readonly gpu?: boolean;
  /** Set up again although a working set-up is there. */
  readonly force?: boolean;
  /** Receives one line of progress at a time; default: silence. */
  readonly log?: (line: string) => void;
  /** Where the result lives; default `tensorflow` in the cache folder. */
  readonly home?: string;
  /** Host of the official binaries. */
  readonly host?: string;
  /** Milliseconds that host may take to answer; default 5000. */
  readonly answerTimeout?: number;
}

/** TensorFlow could not be set up; the message says what was tried and what to do. */
export class TensorflowSetupError extends Error {
  override readonly name = 'TensorflowSetupError';
}

/**
 * Official binaries where they download and work here, else the addon is built from the package's sources against the TensorFlow
 * of pip. Everything is put together and tried out in a folder of its own, which takes its place by one rename: an interrupted or
 * failed set-up leaves the previous one in use. Calling it again is cheap.
 * @throws TensorflowSetupError
 */
export async function setupTensorflow(options: SetupTensorflowOptions = {}): Promise<TensorflowInstallation> {
  const { log = () => {}, home = tensorflowHome() } = options;
  const variant = options.gpu ? 'gpu' : 'cpu';
  const pkg = installedPackage();
  if (!pkg) {
    throw new TensorflowSetupError(
      `${TFJS_NODE} is not installed; it is an optional dependency: install without --no-optional`,
    );
  }
  const present = options.force ? null : await workingInstallation(home, pkg);
  if (present && present.variant === variant) {
    linkAddon(pkg, home);
    log(`already set up: ${describe(present)}`);
    return present;
  }

  removeAbandoned(home);
  const dir = `${home}${TEMPORARY}${process.pid}`;
  const discard = () => rmSync(dir, { recursive: true, force: true });
  const interruption = new AbortController();
  const { signal } = interruption;
  const interrupted = () =>
    interruption.abort(new TensorflowSetupError('interrupted; the previous state is unchanged'));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    mkdirSync(dir, { recursive: true });
    const work: Work = { dir, pkg, variant, log, signal };
    const made = (await tryOfficial(work, options)) ?? (await buildFromWheel(work));
    signal.throwIfAborted();
    writeFileSync(join(dir, 'ready.json'), `${JSON.stringify(made, null, 2)}\n`);
    const old = `${dir}.old`;
    if (existsSync(home)) renameSync(home, old);
    renameSync(dir, home);
    rmSync(old, { recursive: true, force: true });
    linkAddon(pkg, home);
    log(`ready: ${describe(made)}`);
    if (options.gpu) {
      log('note: this project has not verified the GPU variant on a GPU');
      if (!made.gpuSeen) log('note: TensorFlow sees no GPU here and will compute on the CPU');
    }
    return made;
  } catch (error) {
    if (error instanceof TensorflowSetupError) throw error;
    throw new TensorflowSetupError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    discard();
  }
}

/** What every part of a set-up needs to know. */
interface Work {
  /** The folder it is put together in. */
  readonly dir: string;
  readonly pkg: InstalledPackage;
  readonly variant: 'cpu' | 'gpu';
  readonly log: (line: string) => void;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
}

/** Follows the name of the home folder, then the process id. */
const TEMPORARY = '.tmp-';

function describe({ tensorflow, source, variant }: TensorflowInstallation): string {
  const origin = source === 'official' ? 'official binaries' : 'addon built against the TensorFlow of pip';
  return `TensorFlow ${tensorflow} (${variant}; ${origin})`;
}

/** The set-up in `home` if it belongs to the installed package and still computes. */
async function workingInstallation(home: string, pkg: InstalledPackage): Promise<TensorflowInstallation | null> {
  const found = readInstallation(home);
  if (!found || found.package !== pkg.version) return null;
  return (await checkAddon(addonFile(home, pkg.napi))).ok ? found : null;
}

/** Removes what set-ups left that were killed too hard to tidy up. */
function removeAbandoned(home: string): void {
  const prefix = `${basename(home)}${TEMPORARY}`;
  if (!existsSync(dirname(home))) return;
  for (const name of readdirSync(dirname(home))) {
    if (name.startsWith(prefix) && !isAlive(Number.parseInt(name.slice(prefix.length), 10))) {
      rmSync(join(dirname(home), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function record(
  check: AddonCheck & { ok: true },
  { pkg, variant }: Work,
  source: 'official' | 'wheel',
): TensorflowInstallation {
  return { variant, source, tensorflow: check.tensorflow, package: pkg.version, gpuSeen: check.gpu };
}

async function tryOfficial(
  work: Work,
  { host, answerTimeout }: SetupTensorflowOptions,
): Promise<TensorflowInstallation | null> {
  const { dir, pkg, variant, log, signal } = work;
  log('looking for the official binaries');
  let reason: string;
  try {
    const addon = await fetchOfficial(dir, pkg, {
      variant,
      signal,
      ...(host === undefined ? {} : { host }),
      ...(answerTimeout === undefined ? {} : { answerTimeout }),
    });
    const check = await checkAddon(addon);
    if (check.ok && (check.gpu || variant === 'cpu')) return record(check, work, 'official');
    // the published libtensorflow is of 2022 and wants CUDA 11
    reason = check.ok ? 'they see no GPU here' : `they do not work here: ${check.reason}`;
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  signal.throwIfAborted();
  log(`no official binaries: ${reason}`);
  for (const name of readdirSync(dir)) rmSync(join(dir, name), { recursive: true, force: true });
  return null;
}

async function buildFromWheel(work: Work): Promise<TensorflowInstallation> {
  const { dir, pkg, variant, log, signal } = work;
  if (process.platform !== 'linux') {
    throw new TensorflowSetupError(
      `building the addon is supported on Linux only (this is ${process.platform}); ` +
        `try the package's own installer: npm rebuild ${TFJS_NODE}`,
    );
  }
  const tools = { ...(await findBuildTools()), signal };
  const failures: string[] = [];
  for (const wheel of wheels(variant)) {
    try {
      log(`installing ${wheel} with pip (${variant === 'gpu' ? 'several GB' : 'about 250 MB, 1.3 GB unpacked'})`);
      const library = await installWheel(dir, wheel, tools);
      log(`building the addon from ${TFJS_NODE} ${pkg.version}`);
      const addon = await compileAddon(dir, library, pkg, tools);
      pruneWheel(library);
      log('trying it out');
      const check = await checkAddon(addon);
      if (check.ok) return record(check, work, 'wheel');
      failures.push(`${wheel}: the addon does not work: ${check.reason}`);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
    signal.throwIfAborted();
    log(`that failed: ${failures.at(-1)}`);
  }
  throw new TensorflowSetupError(
    `no TensorFlow of pip works here:\n${failures.join('\n')}\n` +
      'TensorFlow has wheels for some Python versions only: point LOOPLAB_PYTHON at one of them (3.11 is known to work)',
  );
}
