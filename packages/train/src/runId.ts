// The identity of a run: the same configuration on the same code is the same run.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import canonicalize from 'canonicalize';

/** Keys that change what is kept or shown, never what is computed; they are left out of the run id. */
const COSMETIC: readonly (readonly string[])[] = [
  ['train', 'logEvery'],
  ['train', 'checkpointEvery'],
  ['train', 'keepCheckpoints'],
];

/** Packages whose sources decide what a run computes. */
const CODE_PACKAGES = ['@looplab/engine', '@looplab/core', '@looplab/objectives', '@looplab/tasks', '@looplab/train'];

/**
 * First 12 hex digits of the SHA-256 of the canonical JSON (RFC 8785) of the configuration and the code id.
 * Key order does not matter; keys that only change what is logged or kept are left out.
 */
export function runId(config: object, code: string): string {
  return sha256(canonicalize({ code, config: semantic(config) }) ?? '').slice(0, 12);
}

/** Whether two configurations compute the same, which equal ids say only of those that were hashed from them. */
export function sameRun(a: object, b: object): boolean {
  return canonicalize(semantic(a)) === canonicalize(semantic(b));
}

/** What of a configuration decides what is computed. */
function semantic(config: object): Record<string, unknown> {
  const copy = structuredClone(config) as Record<string, unknown>; // an object can be read by key
  for (const path of COSMETIC) {
    const parent = path.slice(0, -1).reduce<unknown>((o, k) => (isRecord(o) ? o[k] : undefined), copy);
    const last = path.at(-1);
    if (isRecord(parent) && last !== undefined) delete parent[last];
  }
  return copy;
}

/**
 * Hash of the sources, tests and trackers left out, of the packages that compute a run, and of `extra` files such as a study's own
 * strategy. Does not depend on git, on where the packages lie or on documents. The packages are looked at once a process:
 * editing a file does not change the code that is already loaded.
 */
export function codeId(extra: readonly string[] = []): string {
  packagesHash ??= hashPackages();
  if (extra.length === 0) return packagesHash.slice(0, 12);
  const files = extra.map((file) => sha256(readFileSync(file)));
  return sha256([packagesHash, ...files].join(' ')).slice(0, 12);
}

let packagesHash: string | undefined;

function hashPackages(): string {
  const hash = createHash('sha256');
  for (const name of CODE_PACKAGES) {
    const root = realpathSync(dirname(fileURLToPath(import.meta.resolve(name))));
    for (const file of sourceFiles(root)) {
      hash
        .update(`${name}/${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

/** SHA-256 of text or bytes in hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function sourceFiles(root: string): string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(
      (f) =>
        /\.(ts|js|json)$/.test(f) &&
        !/\.test\.[tj]s$|\.d\.ts$|(^|[\\/])(node_modules|fixtures|testing|tracking)[\\/]/.test(f),
    )
    .sort()
    .map((f) => join(root, f));
}

function isRecord(x: unknown): x is Record<string, unknown> {
  return typeof x === 'object' && x !== null && !Array.isArray(x);
}
