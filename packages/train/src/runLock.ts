// A lock file that keeps two processes from writing one run, and that a crash cannot leave locked for ever.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { removeQuietly } from './atomicFile.ts';
import { RunFolderError, RunLockedError, systemReason } from './errors.ts';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** The system's start mark of the process where it has one, so that a recycled pid is not taken for the owner. */
  readonly born: string | null;
  readonly token: string;
  /** The batch job the owner runs in, and how often that job was started again; null outside Slurm. */
  readonly job: string | null;
  readonly restart: number;
}

/** A held lock. */
export interface RunLock {
  /** Tells other machines that the owner is alive; call it every few seconds or minutes. */
  refresh(): void;
  release(): void;
}

/** A lock from another machine counts as abandoned when it was not refreshed for this long: 15 minutes. */
const ABANDONED_MS = 15 * 60_000;

/**
 * Takes the lock at `path`; a lock whose process is gone is replaced.
 * @throws RunLockedError naming the owner, RunFolderError if the file cannot be written
 */
export function acquireRunLock(path: string): RunLock {
  const mine: Owner = {
    pid: process.pid,
    host: hostname(),
    born: processBorn(process.pid),
    token: `${process.pid}-${crypto.randomUUID()}`,
    job: process.env.SLURM_JOB_ID ?? null,
    restart: Number(process.env.SLURM_RESTART_COUNT ?? 0),
  };
  const draft = `${path}.${mine.token}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, `${JSON.stringify(mine)}\n`);
    // A link appears at once with its content, and fails if the name is taken.
    while (!tryLink(draft, path)) removeIfAbandoned(path, mine);
  } catch (error) {
    if (error instanceof RunLockedError) throw error;
    throw new RunFolderError(`cannot lock ${path}: ${systemReason(error)}`, { cause: error });
  } finally {
    removeQuietly(draft);
  }
  return {
    refresh: () => {
      const now = new Date();
      if (readOwner(path)?.token === mine.token) utimesSync(path, now, now);
    },
    release: () => {
      if (readOwner(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfAbandoned(path: string, { token, job, restart }: Owner): void {
  const owner = readOwner(path);
  // Slurm starts a job again only when its last start is over.
  const isOver = owner !== undefined && job !== null && owner.job === job && owner.restart < restart;
  if (owner && !isOver && isAlive(owner, path)) {
    throw new RunLockedError(
      `process ${owner.pid} on ${owner.host} is writing this run; wait for it, or stop it and delete ${path}`,
    );
  }
  // Renaming settles which of several waiting processes removes it; one that was too quick puts a live lock back.
  const aside = `${path}.${token}.old`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readOwner(aside)?.token !== owner?.token) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner; // written by acquireRunLock; anything else does not parse
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner, path: string): boolean {
  if (owner.host !== hostname()) {
    const refreshed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - refreshed < ABANDONED_MS;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
  }
  return processBorn(owner.pid) === owner.born;
}

/** Whether a process that may still be alive holds the lock at `path`. */
export function isLocked(path: string): boolean {
  const owner = readOwner(path);
  return owner !== undefined && isAlive(owner, path);
}

/** Field 22 of /proc/<pid>/stat, the start in clock ticks since boot; null where there is no /proc. */
function processBorn(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
