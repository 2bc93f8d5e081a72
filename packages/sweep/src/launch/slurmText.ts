// The texts that are exchanged with Slurm: scripts in, queues and jobs out.
import type { LaunchTask } from './launcher.ts';

/** A job that Slurm knows to be alive. */
export interface QueueEntry {
  readonly state: 'queued' | 'running';
  /** Why it waits. */
  readonly reason: string;
}

/**
 * A batch script with a branch for each task of an array. The last command of a branch takes the place of the shell, so that signals
 * to the batch shell reach the run.
 */
export function arrayScript(tasks: readonly LaunchTask[]): string {
  const branches = tasks.map(({ argv, log }, i) => {
    const lines = [`exec >>${quoted(log)} 2>&1 </dev/null`, `exec ${argv.map(quoted).join(' ')}`];
    return `${i})\n${lines.map((line) => `  ${line}`).join('\n')}\n  ;;`;
  });
  return `#!/bin/bash\ncase "$SLURM_ARRAY_TASK_ID" in\n${branches.join('\n')}\nesac\n`;
}

/** A word that a shell takes as it is. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

const OVER = new Set([
  ...[
    'BOOT_FAIL',
    'CANCELLED',
    'COMPLETED',
    'DEADLINE',
    'FAILED',
    'NODE_FAIL',
    'OUT_OF_MEMORY',
    'PREEMPTED',
    'REVOKED',
    'TIMEOUT',
  ],
]);
const WAITING = new Set([
  'PENDING',
  'CONFIGURING',
  'REQUEUED',
  'REQUEUE_FED',
  'REQUEUE_HOLD',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
]);

/** Reads `squeue -h -r -o '%i|%T|%r'`: jobs by `<array>_<index>`. Jobs that are over are left out. */
export function parseQueue(text: string): Map<string, QueueEntry> {
  const entries = text.split('\n').flatMap((line): [string, QueueEntry][] => {
    const [id = '', state = '', reason = ''] = line.trim().split('|');
    if (id === '' || OVER.has(state)) return [];
    return [[id, { state: WAITING.has(state) ? 'queued' : 'running', reason }]];
  });
  return new Map(entries);
}

/** How a job ended, from `scontrol show job -o`; nothing if it is forgotten. */
export function jobEnd(text: string): { readonly code?: number; readonly signal?: string; readonly reason?: string } {
  const field = (name: string): string | undefined => new RegExp(`(?:^|\\s)${name}=(\\S+)`).exec(text)?.[1];
  const [code, signal] = (field('ExitCode') ?? '').split(':').map(Number);
  const state = field('JobState');
  if (state === undefined || code === undefined || Number.isNaN(code)) return {};
  const reasons: Record<string, string> = {
    NODE_FAIL: 'its node failed',
    OUT_OF_MEMORY: 'it needed more memory than its job has',
    TIMEOUT: 'its job reached the time limit before it could save',
    BOOT_FAIL: 'its node did not start',
    DEADLINE: 'its job reached a deadline',
  };
  const reason = reasons[state];
  if (reason !== undefined) return { reason };
  if (signal !== undefined && signal > 0) return { signal: `signal ${signal}` };
  return { code };
}
