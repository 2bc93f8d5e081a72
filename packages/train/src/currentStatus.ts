// How a run stands in truth: a process that was killed could not say that it is gone.
import { join } from 'node:path';
import { readStatus, type StatusRecord } from './runFolder.ts';
import { isLocked } from './runLock.ts';

/** What a run is that is running in name only. */
const LOST = { status: 'failed', cause: 'infra', error: 'its process is gone; the same command goes on' } as const;

/**
 * The status of the run in `dir`; of one that is running in name only, as no process writes it, a failure of the machine.
 * `readStatus` gives what the file says.
 * @returns undefined if there is none or it is unreadable
 */
export function currentStatus(dir: string): StatusRecord | undefined {
  const status = readStatus(dir);
  if (status?.status !== 'running' || isLocked(join(dir, 'run.lock'))) return status;
  const last = readStatus(dir); // it may have ended between the two looks
  return last?.status === 'running' ? { ...last, ...LOST } : last;
}
