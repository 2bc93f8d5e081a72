// Finds an MLflow that can be started on this machine.
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MlflowServerError } from '../errors.ts';

/** A command line that runs MLflow; what MLflow shall do is appended. */
export interface MlflowCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Where it was found, for people. */
  readonly what: string;
}

/** The release that `uvx` and `pipx` are asked for, the newest one the tests use. */
const VERSION = '3.17.2';

/** Installations made by `tools/setup-mlflow.sh` in `cache`, newest first: folders named `mlflow-<version>`. */
export function installedMlflows(cache: string): { readonly version: string; readonly command: string }[] {
  if (!existsSync(cache)) return [];
  const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });
  return readdirSync(cache)
    .flatMap((name) => name.match(/^mlflow-(\d[\w.]*)$/)?.[1] ?? [])
    .sort(newestFirst)
    .map((version) => ({ version, home: join(cache, `mlflow-${version}`) }))
    .filter(({ home }) => existsSync(join(home, 'complete')))
    .map(({ version, home }) => ({ version, command: join(home, 'bin', 'mlflow') }));
}

/**
 * In this order: what `tools/setup-mlflow.sh` installed, an `mlflow` on the PATH, `uvx`, `pipx`.
 * @param cache the folder that `tools/setup-mlflow.sh` installs into
 * @throws MlflowServerError if there is none
 */
export function findMlflow(cache: string, env: Readonly<Record<string, string | undefined>>): MlflowCommand {
  const [installed] = installedMlflows(cache);
  if (installed) return { command: installed.command, args: [], what: `MLflow ${installed.version}` };
  const onPath = (name: string): string | undefined =>
    (env.PATH ?? '')
      .split(delimiter)
      .map((dir) => join(dir, name))
      .find((file) => existsSync(file));
  const mlflow = onPath('mlflow');
  if (mlflow) return { command: mlflow, args: [], what: mlflow };
  const uvx = onPath('uvx');
  if (uvx) return { command: uvx, args: ['--from', `mlflow==${VERSION}`, 'mlflow'], what: `MLflow ${VERSION} by uvx` };
  const pipx = onPath('pipx');
  if (pipx)
    return {
      command: pipx,
      args: ['run', '--spec', `mlflow==${VERSION}`, 'mlflow'],
      what: `MLflow ${VERSION} by pipx`,
    };
  throw new MlflowServerError('no MLflow is installed here; run tools/setup-mlflow.sh, or install uv or pipx');
}
