// Runs one command at a time with its output passed through, and reads the `N passed, N failed` line it ends with.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** How many checks of a runner passed and failed. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** What a command left behind: its exit code and everything it printed. */
export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** Starts `command` in the checkout with node_modules/.bin first on the PATH and waits for its end. */
export function runCommand(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const path = join(root, 'node_modules', '.bin') + delimiter + (process.env.PATH ?? '');
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: 127, output: `${output}\n${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code: signal ? 1 : (code ?? 1), output }));
  });
}

/**
 * Reads the last `N passed, N failed` line of a runner. A runner that died before printing one, or that failed
 * with no failure counted, counts as one failure: silence is never a pass.
 */
export function tally({ code, output }: Finished): Tally {
  const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed\s*$/gm)];
  const last = lines.at(-1);
  const passed = Number(last?.[1] ?? 0);
  const failed = Number(last?.[2] ?? 0);
  return { passed, failed: failed === 0 && (code !== 0 || !last) ? 1 : failed };
}

/** Adds tallies up. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), {
    passed: 0,
    failed: 0,
  });
}

/** The line every runner ends with. */
export function tallyLine({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}
