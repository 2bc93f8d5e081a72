// Which clusters can be tried here, or what is missing.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const cache = join(import.meta.dirname, '..', '..', '..', '.cache');

/** Why Slurm cannot be tried, undefined if it can. Sets SLURM_CONF where tools/setup-slurm.sh has set one up. */
export function slurmMissing(): string | undefined {
  const own = join(cache, 'slurm', 'slurm.conf');
  if (process.env.SLURM_CONF === undefined && existsSync(own)) process.env.SLURM_CONF = own;
  const { status, stdout } = spawnSync('sinfo', ['-h', '-o', '%T'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 && /idle|mixed|allocated/.test(stdout) ? undefined : 'needs Slurm, run tools/setup-slurm.sh';
}
