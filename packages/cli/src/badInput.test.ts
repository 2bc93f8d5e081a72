// Everything a person can get wrong about a run ends with one message, a non-zero exit code and no stack trace.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { looplab, root } from './looplab.test-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'looplab-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const study = 'experiments/quickstart/study.ts';
const tiny = ['--scale', 'tiny', '--device', 'cpu', '--results', scratch];
const fixture = (name: string) => `packages/cli/src/fixtures/${name}.ts`;

describe.concurrent('looplab run', { timeout: 60_000 }, () => {
  it.each([
    [
      'an unknown setting',
      [study, ...tiny, '--set', 'model.lops=2'],
      'no setting model.lops; did you mean model.loops?',
    ],
    ['a wrong type', [study, ...tiny, '--set', 'model.loops=many'], 'loops must be a number (got "many")'],
    [
      'an impossible shape',
      [study, ...tiny, '--set', 'model.heads=5'],
      'heads must divide dModel (got heads 5, dModel 8)',
    ],
    [
      'a number out of range',
      [study, ...tiny, '--set', 'train.steps=0'],
      'steps must be >= 1 (got 0); set train.steps',
    ],
    ['no setting at all', [study, ...tiny, '--set', 'nonsense'], "'nonsense' is not a setting; write key=value"],
    ['an unknown scale', [study, '--scale', 'tny'], 'no scale tny; did you mean tiny?'],
    ['a missing study', ['no/such/study.ts'], 'there is no study file no/such/study.ts'],
    ['a file of another kind', ['README.md'], 'README.md is not a study file'],
    ['a module without a study', ['packages/cli/src/columns.ts'], 'exports no study'],
    ['an unknown key in a study', [fixture('wrongKey'), ...tiny.slice(2)], "train has no option 'learningRate'"],
    ['a missing corpus', [fixture('missingFile'), ...tiny.slice(2)], '/no/such/corpus.txt'],
    [
      'an objective that does not fit',
      [fixture('misfit'), ...tiny.slice(2)],
      'objectives that fit: lastLoop, everyLoop',
    ],
    ['a study with a defect', [fixture('throws')], 'throws.ts cannot be loaded: SyntaxError'],
    [
      'results inside a file',
      [study, '--device', 'cpu', '--results', 'package.json/x'],
      'a part of the path is a file',
    ],
    // nobody, not even root, can make a folder there
    [
      'results that cannot be written',
      [study, '--device', 'cpu', '--results', '/proc/looplab'],
      'cannot write to folder',
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, out, err } = await looplab(['run', ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/^\s+at (?!file:)/m);
  });

  it('says where an error came from with --verbose', async () => {
    const { code, err } = await looplab(['run', 'no/such/study.ts', '--verbose']);
    expect(code).toBe(2);
    expect(err).toMatch(/^\s+at .*loadStudy/m);
  });

  it('leaves nothing behind when it refuses', async () => {
    const results = join(scratch, 'refused');
    await looplab(['run', study, '--scale', 'tiny', '--device', 'cpu', '--results', results, '--set', 'model.heads=5']);
    expect(existsSync(join(results, 'quickstart'))).toBe(false);
  });
});

describe('looplab run', () => {
  it('stops at Ctrl-C with its state saved and exit code 130', {
    timeout: 60_000,
  }, async () => {
    const results = join(scratch, 'interrupted');
    const args = ['run', study, '--scale', 'tiny', '--device', 'cpu', '--results', results, '--json'];
    // two thousand steps take a minute; the first line of progress shows that training has begun
    const many = [...args, '--set', 'train.steps=2000'];
    let sent = false;
    const { code, err } = await looplab(many, (text, kill) => {
      if (sent || !/ 1\/2000/.test(text)) return;
      sent = true;
      kill('SIGINT');
      // npm passes on what the terminal has sent already: still one Ctrl-C
      setTimeout(() => kill('SIGINT'), 5);
    });
    expect(err).toContain('stopped');
    expect(code).toBe(130);
    const [run = ''] = readdirSync(join(results, 'quickstart'));
    const folder = join(results, 'quickstart', run);
    expect(JSON.parse(readFileSync(join(folder, 'status.json'), 'utf8'))).toMatchObject({ status: 'cancelled' });
    const checkpoints = readdirSync(join(folder, 'checkpoints'));
    expect(checkpoints.length).toBeGreaterThan(0);
    expect(checkpoints.filter((name) => !/^step-\d+$/.test(name))).toEqual([]);
  });

  it('prints the summary as one JSON line and takes a finished run as it is', { timeout: 60_000 }, async () => {
    const args = ['run', study, ...tiny, '--json'];
    const first = await looplab(args);
    expect(first.code).toBe(0);
    const summary = JSON.parse(first.out);
    expect(summary.runs).toHaveLength(2);
    expect(summary.runs[0]).toMatchObject({ strategy: 'loopLM', layers: 1, loops: 4, seed: 0, status: 'finished' });
    expect(summary.runs[0].accuracyPerLoop).toHaveLength(4);
    expect(summary.claim).toMatchObject({ gapWanted: 0.15, seeds: 1 });
    expect(readFileSync(summary.report, 'utf8')).toContain('<!doctype html>');
    for (const chart of summary.charts) expect(readFileSync(resolve(root, chart), 'utf8')).toContain('<svg');
    const stored = JSON.parse(readFileSync(join(scratch, 'quickstart/summary-tiny.json'), 'utf8'));
    expect(stored.claim).toEqual(summary.claim);

    const again = await looplab(args);
    expect(again.err).toContain('finished before');
    expect(JSON.parse(again.out).runs).toEqual(summary.runs);
  });
});

describe('looplab', () => {
  it('ends at once at Ctrl-C where there is nothing to save', async () => {
    // the reference device is loaded and tried for a while before the first result
    const { code, out } = await looplab(['run', study, ...tiny, '--set', 'train.steps=100000'], undefined, (kill) =>
      setTimeout(() => kill('SIGINT'), 400),
    );
    expect({ code, out }).toEqual({ code: 130, out: '' });
  });
});
