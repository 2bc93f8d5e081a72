// Scripts for Slurm, run by a real shell, and its answers as recorded from Slurm 22.05 and documented for 23 and 24.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { arrayScript, jobEnd, parseQueue, quoted } from './slurmText.ts';

const folder = mkdtempSync(join(tmpdir(), 'looplab slurm '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('any word survives a shell', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (word) => {
      fc.pre(!word.includes('\0') && !/[\r\n]$/.test(word));
      const out = execFileSync('bash', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' });
      expect(out).toBe(Buffer.from(word).toString('utf8'));
    }),
    { numRuns: 60 },
  );
});

test('an element of an array runs its own task in place of the shell', () => {
  const task = (name: string) => ({
    name,
    argv: ['bash', '-c', 'echo "$0 $1 $$ $PPID"', name, "it's"],
    log: join(folder, `${name}'s log`),
    threads: 1,
  });
  const script = arrayScript([task('a'), task('b')]);
  execFileSync('bash', ['-s'], { input: script, env: { ...process.env, SLURM_ARRAY_TASK_ID: '1' } });
  const [name, greeting, , parent] = readFileSync(join(folder, "b's log"), 'utf8').trim().split(' ');
  expect([name, greeting]).toEqual(['b', "it's"]);
  expect(Number(parent)).toBe(process.pid); // no shell is left in between
  expect(() => readFileSync(join(folder, "a's log"))).toThrow();
});

test('a queue is read line by line, jobs that are over left out', () => {
  const queue = parseQueue(
    [
      '12_0|RUNNING|None',
      '12_1|PENDING|Resources',
      '12_2|PENDING|BeginTime',
      '12_3|COMPLETING|None',
      '9|FAILED|NonZeroExitCode',
      '',
    ].join('\n'),
  );
  expect([...queue]).toEqual([
    ['12_0', { state: 'running', reason: 'None' }],
    ['12_1', { state: 'queued', reason: 'Resources' }],
    ['12_2', { state: 'queued', reason: 'BeginTime' }],
    ['12_3', { state: 'running', reason: 'None' }],
  ]);
});

test.each([
  [
    'JobId=13 ArrayJobId=12 ArrayTaskId=0 JobName=a JobState=FAILED Reason=NonZeroExitCode ExitCode=42:0 RunTime=00:00:01',
    { code: 42 },
  ],
  ['JobId=13 JobState=COMPLETED Reason=None Dependency=(null) Requeue=1 Restarts=2 ExitCode=0:0', { code: 0 }],
  ['JobId=13 JobState=FAILED Reason=RaisedSignal:9(Killed) ExitCode=0:9', { signal: 'signal 9' }],
  ['JobId=13 JobState=NODE_FAIL Reason=NodeDown ExitCode=1:0', { reason: 'its node failed' }],
  [
    'JobId=13 JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125',
    { reason: 'it needed more memory than its job has' },
  ],
  ['JobId=13 JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15', { reason: expect.stringMatching(/time limit/) }],
  ['slurm_load_jobs error: Invalid job id specified', {}],
  ['', {}],
])('%s', (text, end) => {
  expect(jobEnd(text)).toEqual(end);
});
