// Puts files where a run's artifacts lie: through the server, or into a folder of this machine.
import { openAsBlob } from 'node:fs';
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MlflowArtifactError, messageOf } from '../errors.ts';
import type { MlflowClient, Run } from './client.ts';

/**
 * Stores a file under `path` among the run's artifacts; a file that is there already is replaced.
 * @param file on this machine
 * @throws MlflowArtifactError if the file cannot be read or the artifacts lie where we cannot write
 */
export async function putArtifact(client: MlflowClient, run: Run, path: string, file: string): Promise<void> {
  const segments = path.split('/');
  if (segments.some((s) => s === '' || s === '.' || s === '..')) {
    throw new MlflowArtifactError(`${path} cannot be the path of an artifact; write it like plots/loss.svg`);
  }
  if (run.artifactUri.startsWith('mlflow-artifacts:')) {
    const blob = await contentOf(file).catch((error: unknown) => {
      throw new MlflowArtifactError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
    });
    const root = proxyRoot(client.uri, run.artifactUri);
    const name = segments.map(encodeURIComponent).join('/');
    const request = { method: 'PUT', path: `${root}/${name}`, body: blob } as const;
    await (await client.request(request)).arrayBuffer();
    return;
  }
  const folder = localFolder(client.uri, run.artifactUri);
  const target = join(folder, ...segments);
  try {
    await mkdir(dirname(target), { recursive: true });
    await copyFile(file, target);
  } catch (error) {
    throw new MlflowArtifactError(`cannot copy ${file} to ${target}: ${messageOf(error)}`, { cause: error });
  }
}

/** Larger files are read while they are sent; if one changes meanwhile the request fails. In bytes. */
const READ_AT_ONCE = 32 << 20;

async function contentOf(file: string): Promise<Blob> {
  const { size } = await stat(file);
  return size <= READ_AT_ONCE ? new Blob([await readFile(file)]) : openAsBlob(file);
}

/** `mlflow-artifacts:/1/abc/artifacts`, or with a server of its own, by the same protocol, `mlflow-artifacts://host:port/1/abc/artifacts`. */
function proxyRoot(tracking: string, uri: string): string {
  const { host, pathname } = new URL(uri);
  const server = host === '' ? '' : `${new URL(tracking).protocol}//${host}/`;
  return `${server}api/2.0/mlflow-artifacts/artifacts${pathname.replace(/\/+$/, '')}`;
}

/** A path that means the same here as on the server: only where the server runs here too. */
function localFolder(server: string, uri: string): string {
  const path = uri.startsWith('/') ? uri : uri.startsWith('file:') ? fileURLToPath(uri) : undefined;
  if (path === undefined) {
    throw new MlflowArtifactError(
      `artifacts of this experiment lie at ${uri}, which LoopLab does not write to; start the server with --serve-artifacts, so that it takes them itself`,
    );
  }
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(server).hostname)) {
    throw new MlflowArtifactError(
      `artifacts of this experiment lie in ${path} on the machine of ${server}; start that server with --serve-artifacts, so that it takes them itself`,
    );
  }
  return path;
}
