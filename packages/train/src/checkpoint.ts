// Checkpoints: a folder for each saved step, complete or absent, checked by hash before it is believed.
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError, readSafetensors, writeSafetensors } from '@looplab/core';
import { removeQuietly, syncPath } from './atomicFile.ts';
import { RunFolderError, systemReason } from './errors.ts';
import type { HostTensors } from './hostTensors.ts';
import { readJson } from './runFolder.ts';
import { sha256 } from './runId.ts';

/** Everything a run needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** Updates made over all stages. */
  readonly step: number;
  /** Held-out loss at this step; null if it was not evaluated there. The lowest is kept as the best. */
  readonly loss: number | null;
  /** All parameters, by checkpoint name; `model.safetensors` loads in other tools. */
  readonly params: HostTensors;
  /** Moments and update count of the optimiser. */
  readonly optimiser: HostTensors;
  /** Plain JSON of the loop: stage, pending losses, guard, callbacks. */
  readonly state: unknown;
}

/** A checkpoint on disk. */
export interface CheckpointEntry {
  readonly step: number;
  readonly path: string;
  readonly loss: number | null;
}

interface StateFile {
  readonly step: number;
  readonly loss: number | null;
  readonly state: unknown;
  /** Of the other files, by name. */
  readonly sha256: Readonly<Record<string, string>>;
}

const MODEL = 'model.safetensors';
const OPTIMISER = 'optimizer.safetensors';
const STATE = 'state.json';

/**
 * Writes `checkpoints/step-00001200` under another name, flushes it and renames it, so that it is whole or absent.
 * @throws RunFolderError e.g. on a full disk; earlier checkpoints stay as they are
 */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): CheckpointEntry {
  const { step, loss, state } = checkpoint;
  const path = join(folder, `step-${String(step).padStart(8, '0')}`);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(temporary, { recursive: true });
    writeSafetensors(join(temporary, MODEL), checkpoint.params, { format: 'pt', step: String(step) });
    writeSafetensors(join(temporary, OPTIMISER), checkpoint.optimiser, { step: String(step) });
    const hashes = Object.fromEntries([MODEL, OPTIMISER].map((f) => [f, sha256(readFileSync(join(temporary, f)))]));
    const file: StateFile = { step, loss, state, sha256: hashes };
    writeFileSync(join(temporary, STATE), `${JSON.stringify({ ...file, self: hashOf(file) }, null, 2)}\n`);
    syncPath(join(temporary, STATE)); // the others were flushed as they were written
    removeQuietly(path);
    renameSync(temporary, path);
    syncPath(folder);
  } catch (error) {
    removeQuietly(temporary);
    const root = error instanceof CheckpointError ? error.cause : error;
    throw new RunFolderError(`cannot write checkpoint ${path}: ${systemReason(root)}`, { cause: error });
  }
  return { step, path, loss };
}

/** The checkpoints in a folder, oldest first. Reads their small state files only; damaged ones are left out. */
export function listCheckpoints(folder: string): CheckpointEntry[] {
  return stepFolders(folder).flatMap((path) => {
    const file = readStateFile(path);
    return file === undefined ? [] : [{ step: file.step, path, loss: file.loss }];
  });
}

/** The entry with the lowest held-out loss; undefined if none was evaluated. */
export function bestCheckpoint(entries: readonly CheckpointEntry[]): CheckpointEntry | undefined {
  return entries.reduce<CheckpointEntry | undefined>((best, e) => {
    if (e.loss === null) return best;
    return best === undefined || best.loss === null || e.loss < best.loss ? e : best;
  }, undefined);
}

/** Deletes all but the last `keep` checkpoints and the best, and what interrupted writes left behind. */
export function pruneCheckpoints(folder: string, keep: number): void {
  const entries = listCheckpoints(folder);
  const best = bestCheckpoint(entries);
  const kept = new Set([...entries.slice(-keep), ...(best ? [best] : [])].map((e) => e.path));
  for (const path of stepFolders(folder)) if (!kept.has(path)) removeQuietly(path);
  for (const name of readdirSync(folder)) if (name.endsWith('.tmp')) removeQuietly(join(folder, name));
}

/**
 * Reads and checks one checkpoint.
 * @throws CheckpointError if a file is missing, cut short or changed
 */
export function loadCheckpoint(path: string): Checkpoint {
  const file = readStateFile(path);
  if (file === undefined) throw new CheckpointError(`checkpoint ${path}: ${STATE} is missing or damaged`);
  const read = (name: string): HostTensors => {
    try {
      const bytes = new Uint8Array(readFileSync(join(path, name)));
      if (sha256(bytes) !== file.sha256[name])
        throw new CheckpointError('it was cut short or changed after it was saved');
      return readSafetensors(bytes).tensors;
    } catch (error) {
      throw new CheckpointError(`checkpoint ${path}: ${name}: ${systemReason(error)}`, { cause: error });
    }
  };
  return { step: file.step, loss: file.loss, state: file.state, params: read(MODEL), optimiser: read(OPTIMISER) };
}

/**
 * The newest checkpoint that passes its checks, for the owner of the run: newer ones that do not are renamed `*.damaged`.
 * @param onDamaged told of each of them
 * @returns undefined if there is none
 */
export function recoverNewest(folder: string, onDamaged: (error: CheckpointError) => void): Checkpoint | undefined {
  for (const path of stepFolders(folder).reverse()) {
    try {
      return loadCheckpoint(path);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      removeQuietly(`${path}.damaged`);
      renameSync(path, `${path}.damaged`);
      onDamaged(error);
    }
  }
  return undefined;
}

function stepFolders(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^step-\d{8,}$/.test(name))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
    .map((name) => join(folder, name));
}

function readStateFile(path: string): StateFile | undefined {
  const value = readJson(join(path, STATE));
  if (typeof value !== 'object' || value === null || !('self' in value)) return undefined;
  const { self, ...file } = value as StateFile & { self: unknown }; // believed only if its own hash agrees
  return self === hashOf(file) ? file : undefined;
}

/** JSON that was read and written again is the same text, so the hash of the text is that of the content. */
function hashOf({ step, loss, state, sha256: files }: StateFile): string {
  return sha256(JSON.stringify({ step, loss, state, files }));
}
