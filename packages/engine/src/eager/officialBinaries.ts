// The binaries TensorFlow.js publishes for its Node package: libtensorflow and the addon.
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { lastLines, runCommand } from './runCommand.ts';
import { addonFile, type InstalledPackage } from './tensorflowHome.ts';

/** The libtensorflow that tfjs-node 4.22 was published against (its scripts/deps-constants.js). */
const LIBTENSORFLOW = '2.9.1';

export interface OfficialOptions {
  readonly variant: 'cpu' | 'gpu';
  /** Host of both archives; default `$TFJS_NODE_CDN_STORAGE` as for the package itself, else Google Storage. */
  readonly host?: string;
  /** How long a server may take to answer, in milliseconds. */
  readonly answerTimeout?: number;
  /** Stops the download. */
  readonly signal?: AbortSignal;
}

/** Addresses of the two archives for this machine, or null where none are published. */
export function officialUrls(
  pkg: InstalledPackage,
  { variant, host }: OfficialOptions,
): { library: string; addon: string } | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  const base = (host ?? process.env.TFJS_NODE_CDN_STORAGE ?? 'https://storage.googleapis.com/').replace(/\/*$/, '/');
  return {
    library: `${base}tensorflow/libtensorflow/libtensorflow-${variant}-linux-x86_64-${LIBTENSORFLOW}.tar.gz`,
    addon: `${base}tf-builds/pre-built-binary/napi-v${pkg.napi}/${pkg.version}/${variant.toUpperCase()}-linux-${pkg.version}.tar.gz`,
  };
}

/**
 * Downloads and unpacks both archives into `dir`, in the layout the published addon expects (`deps/lib` beside `lib/napi-v*`).
 * @returns the addon file
 * @throws when no archive is published for this machine, a server does not answer in time, or an archive is damaged
 */
export async function fetchOfficial(dir: string, pkg: InstalledPackage, options: OfficialOptions): Promise<string> {
  const urls = officialUrls(pkg, options);
  if (!urls) throw new Error(`none are published for ${process.platform} ${process.arch}`);
  const timeout = options.answerTimeout ?? 5000;
  // the small one first: where one is missing, 300 MB need not be moved to learn it
  await unpack(urls.addon, join(dir, 'lib'), timeout, options.signal);
  await unpack(urls.library, join(dir, 'deps'), timeout, options.signal);
  return addonFile(dir, pkg.napi);
}

async function unpack(url: string, dir: string, timeout: number, stop?: AbortSignal): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const archive = join(dir, 'archive.tar.gz');
  const answer = new AbortController();
  const timer = setTimeout(() => answer.abort(new Error(`no answer within ${timeout / 1000} s`)), timeout);
  try {
    const response = await fetch(url, { signal: stop ? AbortSignal.any([answer.signal, stop]) : answer.signal });
    clearTimeout(timer);
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    // the stream types of the DOM and of Node describe the same object
    const body = Readable.fromWeb(response.body as ReadableStream);
    await pipeline(body, createWriteStream(archive), stop ? { signal: stop } : {});
    const tar = await runCommand('tar', ['-xzf', archive, '-C', dir]);
    if (tar.code !== 0) throw new Error(`damaged archive: ${lastLines(tar, 2)}`);
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : cause}`);
  } finally {
    clearTimeout(timer);
    rmSync(archive, { force: true });
  }
}
