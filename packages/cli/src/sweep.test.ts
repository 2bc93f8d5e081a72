// `looplab sweep` and `looplab runs` through the real command: plans, results, stops, retries, lists, and what is refused.
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRuns } from '@looplab/sweep';
import { acquireRunLock } from '@looplab/train';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gridFromFlags } from './gridFlags.ts';
import { looplab } from './looplab.test-process.ts';
import { tailRun } from './tailRun.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const scratch = mkdtempSync(join(tmpdir(), 'looplab-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));

const study = 'experiments/quickstart/study.ts';
const at = (results: string): string[] => ['--results', join(scratch, results)];
// a fixed code id, so that somebody who edits a source while the tests run does not start a new sweep
const tiny = ['--scale', 'tiny', '--device', 'cpu', '--code', 'test'];
const widths = ['--grid', 'model.dFF=16,32', '--set', 'variants.plain.model.loops=1'];

interface Row {
  run: string;
  status: string;
  variant: string;
  loss: number;
}

describe('a sweep', () => {
  let first: { code: number | null; out: string; err: string };
  let rows: Row[] = [];
  let id = '';
  beforeAll(async () => {
    first = await looplab(['sweep', study, ...tiny, ...widths, ...at('a'), '--json']);
    ({ rows, id } = JSON.parse(first.out));
  });

  it('trains every point and prints one JSON line, with progress on stderr', () => {
    expect(first.code).toBe(0);
    expect(rows).toHaveLength(4);
    expect(rows.map((r) => r.status)).toEqual(Array(4).fill('finished'));
    expect(first.out.trimEnd().split('\n')).toHaveLength(1);
    expect(first.err).toMatch(/^\[4\/4\] model.dFF=\d+ \w+ seed 0: finished accuracy/m);
  });

  it('again takes finished runs as they are, and prints a line a point', async () => {
    const { code, out, err } = await looplab(['sweep', study, ...tiny, ...widths, ...at('a')]);
    expect(code).toBe(0);
    expect(err).toMatch(/^4 runs, 4 done before$/m);
    expect(out).toMatch(/^trial +model.dFF +variant +finished +accuracy +runs$/m);
    expect(out).toMatch(/^1 +32 +plain +1 of 1 +\d\.\d+ +1 finished$/m);
    expect(out).toContain(`sweep ${id}: ${join(scratch, 'a')}`);
  });

  it('can be listed and shown', async () => {
    const list = await looplab(['sweep', 'ls', ...at('a'), '--json']);
    expect(JSON.parse(list.out)).toMatchObject([{ id, study: 'quickstart', search: 'grid', runs: { finished: 4 } }]);
    const csv = await looplab(['sweep', 'show', id.slice(0, 5), ...at('a'), '--csv']);
    expect(csv.out.split('\n')[0]).toMatch(/^trial,run,model\.dFF,variant,seed,status/);
    expect(csv.out.trimEnd().split('\n')).toHaveLength(5);
  });

  it('has nothing to retry, and nobody to cancel', async () => {
    const retry = await looplab(['sweep', 'retry', id, '--failed', ...at('a'), '--device', 'cpu', '--code', 'test']);
    expect(retry).toMatchObject({ code: 0, out: expect.stringMatching(/1 finished/) });
    const cancel = await looplab(['sweep', 'cancel', id, ...at('a')]);
    expect(cancel).toMatchObject({ code: 0, out: expect.stringMatching(/nobody drives it/) });
    const prune = await looplab(['sweep', 'prune', id, rows[0]?.run ?? '', ...at('a')]);
    expect(prune).toMatchObject({ code: 2, err: expect.stringMatching(/is finished; only runs that go on/) });
  });

  it('is not retried on other code without saying so', async () => {
    const { code, err } = await looplab(['sweep', 'retry', id, '--infra', ...at('a')]);
    expect(code).toBe(2);
    expect(err).toMatch(/the code has changed since sweep .* began; sweep the study anew, or add --code test/);
  });

  it('gives runs that can be listed, filtered, sorted and cut', async () => {
    const ls = async (...flags: string[]) => looplab(['runs', 'ls', ...at('a'), ...flags]);
    const all: Row[] = JSON.parse((await ls('--json', '--sort', 'loss', '--reverse')).out);
    expect(all.map((r) => r.loss)).toEqual([...all.map((r) => r.loss)].sort((a, b) => b - a));
    const some: Row[] = JSON.parse((await ls('--json', '--where', 'variant=plain', '--where', 'model.dFF>16')).out);
    expect(some).toHaveLength(1);
    const csv = await ls('--csv', '--limit', '2');
    expect(csv.out.split('\n')[0]).toMatch(/^run,study,.*,model\.dFF,/);
    expect(csv.out.trimEnd().split('\n')).toHaveLength(3);
    expect((await ls()).out).toMatch(/^quickstart +[0-9a-f]{12} +looped +loopLM +1 +4 +0 +finished +4\/4/m);
    expect(await ls('--where', 'model.lops=1')).toMatchObject({ code: 2, err: /did you mean model.loops/ });
  });

  it('gives runs that can be shown, compared and followed', async () => {
    const [a = '', b = ''] = rows.map((r) => r.run);
    const show = await looplab(['runs', 'show', a, ...at('a')]);
    expect(show.out).toMatch(/^model.dFF +16$/m);
    expect(show.out).toMatch(/^ *4 +\d\.\d+ +0\.\d+ +0\.\d+ 0\.\d+ 0\.\d+ 0\.\d+$/m);
    const diff = await looplab(['runs', 'diff', a, b, ...at('a'), '--json']);
    const keys = JSON.parse(diff.out).differences.map((d: { key: string }) => d.key);
    expect(keys).toEqual(expect.arrayContaining(['variant', 'strategy.id', 'model.loops']));
    const compare = await looplab(['runs', 'compare', a, b, ...at('a')]);
    expect(compare.out).toMatch(new RegExp(`^ +${a} +${b}$`, 'm'));
    expect(compare.out).toMatch(/^loss +\d\.\d+ +\d\.\d+$/m);
    const tail = await looplab(['runs', 'tail', a, '--lines', '1', ...at('a')]);
    expect(tail).toMatchObject({ code: 0, out: expect.stringMatching(/^\S+ finished: held-out loss .*\n$/) });
  });
});

describe('runs', () => {
  it('are deleted by name, or by condition once that is confirmed', async () => {
    const trained = await looplab([
      'sweep',
      study,
      ...tiny,
      '--seeds',
      '2',
      '--set',
      'train.steps=1',
      ...at('b'),
      '--json',
    ]);
    const { rows } = JSON.parse(trained.out) as { rows: Row[] };
    const left = (): number =>
      readdirSync(join(scratch, 'b', 'quickstart')).filter((n) => /^[0-9a-f]{12}$/.test(n)).length;
    await looplab(['runs', 'rm', rows[0]?.run ?? '', ...at('b')]);
    expect(left()).toBe(3);
    const asked = await looplab(['runs', 'rm', '--where', 'variant=plain', ...at('b')]);
    expect(asked.out).toMatch(/would be deleted; add --yes/);
    expect(left()).toBe(3);
    await looplab(['runs', 'rm', '--where', 'variant=plain', '--yes', ...at('b')]);
    expect(left()).toBe(1);
    expect(await looplab(['runs', 'rm', ...at('b')])).toMatchObject({ code: 2, err: /name runs, or choose them/ });
  });
});

describe('a dry run', () => {
  it('prints the plan and its price, and leaves nothing behind', async () => {
    const args = ['sweep', study, ...tiny, ...widths, ...at('c'), '--dry-run', '--workers', '2'];
    const { code, out } = await looplab([...args, '--json']);
    expect(code).toBe(0);
    const plan = JSON.parse(out);
    expect(plan.runs).toHaveLength(4);
    expect(plan).toMatchObject({ done: 0, workers: 2, threads: 1, isExample: false });
    expect(plan.seconds).toBeCloseTo(plan.flops / plan.step.flopsPerSecond / 2, 9);
    expect(existsSync(join(scratch, 'c'))).toBe(false);
    const told = await looplab([...args, '--no-measure']);
    expect(told.out).toMatch(/^sweep [0-9a-f]{12} of quickstart: 4 runs, 0 finished, \d\.\d+e\+\d FLOPs left$/m);
    expect(told.out).not.toMatch(/an update takes/);
  });
});

describe('Ctrl-C', () => {
  it('stops a sweep with its runs saved, and the same command goes on', async () => {
    const args = ['sweep', study, ...tiny, '--set', 'train.steps=150', '--workers', '2', ...at('d')];
    let sent = false;
    const stopped = await looplab(args, (text, kill) => {
      if (sent || !/^2 runs/m.test(text)) return;
      sent = true;
      const log = join(scratch, 'd');
      const timer = setInterval(() => {
        const files = existsSync(log) ? readdirSync(log, { recursive: true, encoding: 'utf8' }) : [];
        if (!files.some((f) => f.endsWith('metrics.jsonl'))) return;
        clearInterval(timer);
        kill('SIGINT');
      }, 20);
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/SIGINT: asking runs to save and end/);
    expect(stopped.err).toMatch(/sweep [0-9a-f]{12} was stopped; the same command goes on/);
    const { code, err } = await looplab([...args, '--set', 'train.logEvery=150']);
    expect(code).toBe(0);
    expect(err).toMatch(/^\[2\/2\]/m);
  });
});

describe.concurrent('bad input', () => {
  it.each([
    [
      ['sweep', study, ...tiny, '--grid', 'model.lops=1,2'],
      'at model.lops=1: there is no setting model.lops; did you mean',
    ],
    [['sweep', study, ...tiny, '--grid', 'model.dFF=16,16'], "axis 'model.dFF' lists 16 twice"],
    [['sweep', study, ...tiny, '--grid', 'seeds=1,2'], 'seeds are an axis of their own'],
    [['sweep', study, ...tiny, '--grid', 'nonsense'], "--grid 'nonsense' is no axis"],
    [['sweep', study, ...tiny, '--metric', 'acc'], 'there is no metric acc'],
    [['sweep', study, ...tiny, '--partition', 'gpu'], '--partition is not for --launcher local'],
    [
      ['sweep', study, ...tiny, '--launcher', 'ray', '--ray-address', 'head:1'],
      'such as http://head:8265 (got head:1)',
    ],
    [['sweep', study, ...tiny, '--launcher', 'ray', '--gpus', 'a100'], '--gpus must be a number >= 0 (got a100)'],
    [['sweep', study, ...tiny, '--results', '/proc/x'], 'cannot write to folder /proc/x'],
    [['sweep', 'no/study.ts'], 'there is no study file no/study.ts'],
    [['sweep', 'packages/cli/src/fixtures/throws.ts'], 'cannot be loaded'],
    [['sweep', 'show', 'abc', '--results', scratch], 'there is no sweep abc'],
    [['sweep', 'retry', 'abc', '--results', scratch], 'say which: --failed (all that failed) or --infra'],
    [['runs', 'show', 'abc', '--results', scratch], 'there is no run abc'],
    [['runs', 'diff', 'abc', '--results', scratch], 'name at least two runs'],
    [['runs'], 'say what: runs ls'],
    [['runs', 'lss'], 'unknown command lss; did you mean ls?'],
    [['sweep', 'retry', 'x', '--faled'], 'unknown option --faled; did you mean --failed?'],
  ])('%j', async (args, message) => {
    const { code, out, err } = await looplab(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/^\s+at (?!file:)/m);
  });
});

it('a failed run makes the exit code 1 and is named at the end', async () => {
  const args = ['sweep', study, ...tiny, '--grid', 'variant=looped', ...at('e')];
  const diverging = ['--set', 'train.lr=1e30', '--set', 'train.clipNorm=0', '--set', 'train.logEvery=1'];
  const { code, err } = await looplab([...args, ...diverging, '--max-failures', '1']);
  expect(code).toBe(1);
  expect(err).toMatch(/variant=looped seed 0: diverged: the .* is NaN at step \d/);
  expect(err).toMatch(/so many runs failed that the sweep was stopped/);
  expect(err).toMatch(/^looplab: {3}[0-9a-f]{12} \(trial 0 seed 0\): /m);
});

it('the log of a run that is under way is followed until its end', async () => {
  const dir = join(scratch, 'f', 'mano', 'aaaaaaaaaaaa');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), '{"study":"mano","strategy":{"id":"plain"}}');
  writeFileSync(join(dir, 'log.txt'), 'one\ntwo\nthree\n');
  const lock = acquireRunLock(join(dir, 'run.lock'));
  const printed: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text));
    // a line is printed when it is whole
    if (printed.length === 1) appendFileSync(join(dir, 'log.txt'), 'four\nfi');
    else if (printed.length === 2) {
      appendFileSync(join(dir, 'log.txt'), 've');
      lock.release();
    }
    return true;
  });
  try {
    const [row] = listRuns(join(scratch, 'f'));
    if (row === undefined) throw new Error('a run was written');
    await tailRun(join(scratch, 'f'), row, { lines: 2, follow: true, json: false });
  } finally {
    write.mockRestore();
  }
  expect(printed).toEqual(['two\nthree\n', 'four\n', 'five\n']);
});

describe('axes of a grid', () => {
  it.each([
    [['a.b=1,2.5,x'], [{ 'a.b': 1 }, { 'a.b': 2.5 }, { 'a.b': 'x' }]],
    [['a.b=80_000'], [{ 'a.b': 80_000 }]],
    [['a.b=true,null'], [{ 'a.b': true }, { 'a.b': null }]],
    [
      ['a.b,c.d=[[1,2],[3,4]]'],
      [
        { 'a.b': 1, 'c.d': 2 },
        { 'a.b': 3, 'c.d': 4 },
      ],
    ],
  ])('%j', (flags, points) => {
    expect(gridFromFlags(flags).options.points).toEqual(points);
  });
});
