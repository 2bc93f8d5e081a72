// Starts the real command in a process of its own, for tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The top folder of the checkout. */
export const root = join(import.meta.dirname, '../../..');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Sends the process a signal. */
export type Kill = (signal: NodeJS.Signals) => void;

/**
 * Runs `looplab ARGS` in the top folder.
 * @param onStderr told everything printed to stderr so far; may send the process a signal
 * @param onStart called once the process runs
 */
export function looplab(
  args: readonly string[],
  onStderr?: (text: string, kill: Kill) => void,
  onStart?: (kill: Kill) => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill: Kill = (signal) => void child.kill(signal);
    child.on('spawn', () => onStart?.(kill));
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      onStderr?.(err, kill);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}
