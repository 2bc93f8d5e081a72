// Runs a program and keeps what it printed.
import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Exit code; -1 when the program could not be started or was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Kill it after so many milliseconds. */
  readonly timeout?: number;
  /** Kill it when this is aborted. */
  readonly signal?: AbortSignal;
}

/** Never rejects: a program that is missing gives code -1 and the reason in stderr. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((done) => {
    const child = spawn(file, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout,
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    // it must not outlive us
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const finish = (result: CommandResult) => {
      process.off('exit', kill);
      done(result);
    };
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      // a program that was started and killed still writes until it closes
      if (child.pid === undefined) finish({ code: -1, stdout, stderr: `${stderr}${error.message}` });
    });
    child.on('close', (code) => finish({ code: code ?? -1, stdout, stderr }));
  });
}

/** The last lines a program printed, for an error message. */
export function lastLines({ stdout, stderr }: CommandResult, count = 15): string {
  return (stderr.trim() || stdout.trim()).split('\n').slice(-count).join('\n');
}
