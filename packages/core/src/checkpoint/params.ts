// Parameters to and from checkpoints, with every mismatch named.
import { tensor } from '@looplab/engine';
import type { Params } from '../model/params.ts';
import type { ParamSpec } from '../model/specs.ts';
import type { Dtype, StoredTensor } from './dtypes.ts';
import { CheckpointError } from './header.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const some = (names: readonly string[]): string =>
  names.slice(0, 4).join(', ') + (names.length > 4 ? ` and ${names.length - 4} more` : '');

/**
 * The parameters `specs` asks for, as float32.
 * @param from a path, or the bytes of a file
 * @throws CheckpointError if a parameter is missing, superfluous or of another shape or kind
 */
export function loadParams(from: string | Uint8Array, specs: readonly ParamSpec[]): Params {
  const where = typeof from === 'string' ? from : 'the buffer';
  const { tensors } = readSafetensors(from);
  const wanted = new Set(specs.map((s) => s.name));
  const lacking = specs.filter((s) => !Object.hasOwn(tensors, s.name)).map((s) => s.name);
  const extra = Object.keys(tensors).filter((n) => !wanted.has(n));
  const problems: string[] = [];
  if (lacking.length > 0) problems.push(`it lacks ${some(lacking)}`);
  if (extra.length > 0) problems.push(`it has ${some(extra)}, which the model does not`);
  for (const s of specs) {
    const t = tensors[s.name];
    if (t && `${t.shape}` !== `${s.shape}`) problems.push(`${s.name} is [${t.shape}], the model's is [${s.shape}]`);
    else if (t && !(t.data instanceof Float32Array)) problems.push(`${s.name} holds ${t.dtype}, not floats`);
  }
  if (problems.length > 0) {
    throw new CheckpointError(
      `${where} does not fit the model: ${some(problems)}; set model and strategy to those it was made with`,
    );
  }
  return Object.fromEntries(
    specs.map((s) => [s.name, tensor((tensors[s.name] as StoredTensor).data as Float32Array, s.shape)]), // both checked above
  );
}

/** Writes parameters to a checkpoint, whole or not at all. */
export async function saveParams(
  path: string,
  params: Params,
  metadata: Readonly<Record<string, string>> = {},
  dtype: Extract<Dtype, 'F32' | 'F16' | 'BF16'> = 'F32',
): Promise<void> {
  const stored: Record<string, StoredTensor> = {};
  for (const [name, t] of Object.entries(params)) {
    stored[name] = { dtype, shape: t.shape, data: (await t.data()) as Float32Array }; // parameters are float32
  }
  writeSafetensors(path, stored, metadata);
}
