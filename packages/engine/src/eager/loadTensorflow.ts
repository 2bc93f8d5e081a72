// Registers the eager `tensorflow` backend of @tensorflow/tfjs-node-gpu with our TensorFlow.js.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { addonFile, installedPackage, linkAddon, SETUP_COMMAND, TFJS_NODE, tensorflowHome } from './tensorflowHome.ts';

export interface LoadTensorflowOptions {
  /** Threads inside one operation; TensorFlow reads it once, at the first load. Default: all cores. */
  readonly threads?: number;
}

/** The eager TensorFlow device cannot be used; the message says how to get it. */
export class TensorflowMissingError extends Error {
  override readonly name = 'TensorflowMissingError';
}

/** Whether `loadTensorflow` would find an addon. */
export function tensorflowIsSetUp(): boolean {
  const pkg = installedPackage();
  return (
    pkg !== null && (existsSync(addonFile(pkg.dir, pkg.napi)) || existsSync(addonFile(tensorflowHome(), pkg.napi)))
  );
}

/**
 * Makes `tf.setBackend('tensorflow')` possible. The backend in use stays in use; a second call does nothing.
 * @throws TensorflowMissingError when TensorFlow is not set up or its library does not load
 */
export async function loadTensorflow(options: LoadTensorflowOptions = {}): Promise<void> {
  if (tf.findBackendFactory('tensorflow')) return;
  const pkg = installedPackage();
  if (!pkg || !tensorflowIsSetUp()) {
    throw new TensorflowMissingError(`device 'tensorflow' needs TensorFlow, which is not set up; run ${SETUP_COMMAND}`);
  }
  linkAddon(pkg);
  process.env.TF_NUM_INTRAOP_THREADS ??= String(options.threads ?? availableParallelism());
  // its greeting lists CPU instructions; errors still show
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  replaceRemovedUtil();

  // importing the package makes its backend the current one
  const before = tf.engine().backendName;
  try {
    createRequire(import.meta.url)(TFJS_NODE);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TensorflowMissingError(`TensorFlow does not load (${reason}); run ${SETUP_COMMAND}`, { cause: error });
  }
  if (!tf.findBackendFactory('tensorflow')) {
    throw new TensorflowMissingError(
      `${TFJS_NODE} registered its backend with another copy of TensorFlow.js; ` +
        `keep @tensorflow/tfjs at ${tf.version_core}, the version of @tensorflow/tfjs-core`,
    );
  }
  if (before) await tf.setBackend(before);
}

/** Node 23 removed one function that tfjs-node 4.22 calls in every operation with a list of inputs, and deprecates the other. */
function replaceRemovedUtil(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}
