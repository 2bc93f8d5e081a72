// Real processes, really killed: what they leave behind must continue to the same bits.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { listCheckpoints } from './checkpoint.ts';
import { readJsonLines } from './jsonLines.ts';
import { readStatus } from './runFolder.ts';
import { tempDir } from './testing/tempDir.ts';

// Each test starts several processes, which on a busy machine take seconds to begin.
vi.setConfig({ testTimeout: 120_000 });

const script = fileURLToPath(new URL('../test/trainTiny.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Trains in a process of its own; sends `kill.signal` as soon as the process says `kill.at`. */
function train(
  device: string,
  results: string,
  options: {
    kill?: { at: string; signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM'; afterMs?: number };
    limitKiB?: number;
    strategy?: string;
  } = {},
): Promise<Ended> {
  const { kill, limitKiB, strategy = 'loopLM' } = options;
  const command = [process.execPath, script, device, results, strategy];
  // The shell's limit on file sizes is the portable way to a write that fails half-way.
  const child =
    limitKiB === undefined
      ? spawn(command[0] ?? '', command.slice(1))
      : spawn('bash', ['-c', `ulimit -f ${limitKiB}; exec "$@"`, 'bash', ...command]);
  let stdout = '';
  let stderr = '';
  let sent = false;
  child.stdout.on('data', (data) => {
    stdout += data;
    if (!kill || sent || !stdout.includes(`${kill.at}\n`)) return;
    sent = true;
    if (kill.afterMs === undefined) child.kill(kill.signal);
    else setTimeout(() => child.kill(kill.signal), kill.afterMs);
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const newResults = (): string => tempDir();

function runDir(results: string): string {
  const [dir, ...more] = readdirSync(join(results, 'tiny')).filter((name) => !name.endsWith('.json'));
  expect(more).toEqual([]);
  return join(results, 'tiny', dir ?? '');
}

/** Metrics without what depends on the clock, and the bytes of the last checkpoint's tensors. */
function outcome(results: string): { metrics: object[]; files: Buffer[] } {
  const dir = runDir(results);
  const metrics = readJsonLines(join(dir, 'metrics.jsonl')).map(({ time: _t, tokensPerSecond: _s, ...rest }) => rest);
  const last = listCheckpoints(join(dir, 'checkpoints')).at(-1)?.path ?? '';
  return { metrics, files: ['model.safetensors', 'optimizer.safetensors'].map((f) => readFileSync(join(last, f))) };
}

function expectSame(results: string, reference: string): void {
  const [got, want] = [outcome(results), outcome(reference)];
  expect(got.metrics).toEqual(want.metrics);
  expect(got.files.map((f, i) => f.equals(want.files[i] ?? Buffer.of()))).toEqual([true, true]);
}

const KILLS = [
  { at: 'step 2' }, // before the first checkpoint
  { at: 'step 6', afterMs: 2 }, // around a checkpoint being written
  { at: 'saved 12' },
  { at: 'step 19' },
];

const whole = new Map<string, Promise<string>>();

/** Results of a run that nobody disturbed. */
function undisturbed(device: string, strategy = 'loopLM'): Promise<string> {
  const run = async (): Promise<string> => {
    const results = newResults();
    const { code, stderr } = await train(device, results, { strategy });
    expect(stderr).toMatch(/accuracy/);
    expect(code).toBe(0);
    return results;
  };
  const known = whole.get(`${device} ${strategy}`) ?? run();
  whole.set(`${device} ${strategy}`, known);
  return known;
}

test.each([
  { device: 'cpu', kills: KILLS },
  { device: 'onnx', kills: KILLS.slice(1, 3) },
])(
  'killed in steps and while saving on $device, the run ends with the same metrics and parameters',
  async ({ device, kills }) => {
    const results = newResults();
    for (const kill of kills) {
      const ended = await train(device, results, { kill: { ...kill, signal: 'SIGKILL' } });
      expect(ended.signal, ended.stderr).toBe('SIGKILL');
      expect(readStatus(runDir(results))?.status).toBe('running'); // nobody was left to say otherwise
    }
    expect((await train(device, results)).code).toBe(0);
    expect(readStatus(runDir(results))).toMatchObject({ status: 'finished', step: 24 });
    const events = readJsonLines(join(runDir(results), 'events.jsonl'));
    expect(events.filter((e) => e.event === 'resumed').length).toBeGreaterThanOrEqual(kills.length - 1);
    expectSame(results, await undisturbed(device));
    const leftovers = readdirSync(join(runDir(results), 'checkpoints')).filter((f) => !/^step-\d{8}$/.test(f));
    expect(leftovers).toEqual([]);
  },
);

test.each(['huginn', 'trm'])(
  'killed with sampled depths or rows carried over updates (%s), it goes on to the same bits',
  async (strategy) => {
    const results = newResults();
    const ended = await train('onnx', results, { strategy, kill: { at: 'step 8', signal: 'SIGKILL' } });
    expect(ended.signal, ended.stderr).toBe('SIGKILL');
    expect((await train('onnx', results, { strategy })).code).toBe(0);
    expectSame(results, await undisturbed('onnx', strategy));
  },
);

test('Ctrl-C and SIGTERM finish the step, save, and end with the codes of shells', async () => {
  const results = newResults();
  const first = await train('cpu', results, { kill: { at: 'step 4', signal: 'SIGINT' } });
  expect(first.code).toBe(130);
  expect(first.stderr).toMatch(/SIGINT: finishing the current step/);
  expect(first.stderr).toMatch(
    /stopped by SIGINT after step \d+ of 24; the state is saved in .*, run the same command/,
  );
  const status = readStatus(runDir(results));
  expect(status?.status).toBe('cancelled');
  expect(listCheckpoints(join(runDir(results), 'checkpoints')).at(-1)?.step).toBe(status?.step);
  expect((await train('cpu', results, { kill: { at: 'step 17', signal: 'SIGTERM' } })).code).toBe(143);
  expect((await train('cpu', results)).code).toBe(0);
  expectSame(results, await undisturbed('cpu'));
});

test('a write that fails half-way leaves no half-written checkpoint, and the run goes on when there is room', async () => {
  const results = newResults();
  const ended = await train('cpu', results, { limitKiB: 3 });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/cannot write checkpoint .*step-00000003: the file would exceed .* \(EFBIG\)/);
  const dir = runDir(results);
  expect(readStatus(dir)).toMatchObject({ status: 'failed', step: 3 });
  expect(readdirSync(join(dir, 'checkpoints'))).toEqual([]);
  expect((await train('cpu', results)).code).toBe(0);
  expect(readStatus(dir)?.status).toBe('finished');
});
