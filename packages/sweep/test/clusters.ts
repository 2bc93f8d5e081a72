// Which clusters can be tried here, or what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '..', '..', '..', '.cache');

/** Why Slurm cannot be tried, undefined if it can. Sets SLURM_CONF where tools/setup-slurm.sh has set one up. */
export function slurmMissing(): string | undefined {
  const own = join(cache, 'slurm', 'slurm.conf');
  if (process.env.SLURM_CONF === undefined && existsSync(own)) process.env.SLURM_CONF = own;
  const { status, stdout } = spawnSync('sinfo', ['-h', '-o', '%T'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 && /idle|mixed|allocated/.test(stdout) ? undefined : 'needs Slurm, run tools/setup-slurm.sh';
}

/** The address of a Ray head, or why none can be tried. */
export async function rayAddress(): Promise<{ readonly address: string; readonly missing: string | undefined }> {
  const own = join(cache, 'ray', 'address');
  const address = process.env.RAY_ADDRESS ?? (existsSync(own) ? readFileSync(own, 'utf8').trim() : '');
  const answers = await fetch(`${address}/api/version`, { signal: AbortSignal.timeout(5000) })
    .then((reply) => reply.ok)
    .catch(() => false);
  return { address, missing: answers ? undefined : 'needs Ray, run tools/setup-ray.sh' };
}
