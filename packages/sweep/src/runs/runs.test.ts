// Lists of runs: what a folder says, conditions, differences, deletion, and an index that is never believed when it is stale.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquireRunLock } from '@looplab/train';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { tempDir } from '../../test/tempDir.ts';
import { writeRun } from '../../test/writeRun.ts';
import { SweepError } from '../errors.ts';
import { diffRuns } from './compareRuns.ts';
import { removeRuns } from './removeRuns.ts';
import { filterRuns, runByPrefix } from './runFilter.ts';
import { listRuns } from './runIndex.ts';
import { runRow } from './runRow.ts';

let results = '';
beforeEach(() => {
  results = tempDir();
});
const ids = ['aaaaaaaaaaaa', 'aaaabbbbbbbb', 'cccccccccccc'] as const;
const some = () => {
  writeRun(results, 'mano', ids[0], { loops: 1, loss: 2.5 });
  writeRun(results, 'mano', ids[1], { loops: 4, loss: 1.5, status: 'failed', cause: 'user' });
  writeRun(results, 'text', ids[2], { loops: 8, loss: 0.5, variant: 'looped' });
};

describe('a run as a row', () => {
  test('has its settings, its last evaluation and its costs', () => {
    writeRun(results, 'mano', ids[0], { loops: 4, loss: 1.25 });
    expect(runRow(join(results, 'mano', ids[0]), ids[0])).toMatchObject({
      run: ids[0],
      study: 'mano',
      strategy: 'loopLM',
      seed: 0,
      status: 'finished',
      step: 20,
      loss: 1.25,
      tokens: 640,
      settings: { 'model.loops': 4, 'train.lr': 0.001, 'strategy.id': 'loopLM' },
    });
  });

  test('whose process is gone is a failure of the machine', () => {
    writeRun(results, 'mano', ids[0], { loops: 4, loss: 1, status: 'running' });
    const dir = join(results, 'mano', ids[0]);
    expect(runRow(dir, ids[0])).toMatchObject({ status: 'failed', cause: 'infra', error: /process is gone/ });
    const lock = acquireRunLock(join(dir, 'run.lock'));
    expect(runRow(dir, ids[0])).toMatchObject({ status: 'running' });
    lock.release();
  });

  test('is read whatever is torn, missing or not what it should be', () => {
    const dir = join(results, 'mano', ids[0]);
    writeRun(results, 'mano', ids[0], { loops: 4, loss: 1 });
    appendFileSync(join(dir, 'metrics.jsonl'), '{"step": 40, "kind": "ev');
    expect(runRow(dir, ids[0])?.loss).toBe(1);
    fc.assert(
      fc.property(fc.constantFrom('status.json', 'metrics.jsonl', 'manifest.json'), fc.json(), (name, text) => {
        writeFileSync(join(dir, name), text);
        expect(runRow(dir, ids[0])?.run).toBe(ids[0]);
      }),
      { numRuns: 60 },
    );
    writeFileSync(join(dir, 'config.json'), '[]');
    expect(runRow(dir, ids[0])).toBeUndefined();
  });
});

describe('a list of runs', () => {
  test('goes study by study, and passes over what is no run', () => {
    some();
    mkdirSync(join(results, 'mano', 'sweeps', 'x'), { recursive: true });
    writeFileSync(join(results, 'mano', 'summary.json'), '{}');
    expect(listRuns(results).map((r) => r.run)).toEqual([...ids]);
    expect(listRuns(join(results, 'nothing'))).toEqual([]);
  });

  test('follows every change of a folder, and forgets what is gone', () => {
    some();
    listRuns(results);
    const path = join(results, 'mano', ids[0], 'status.json');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), status: 'cancelled', step: 7 }));
    writeRun(results, 'mano', ids[1], { loops: 4, loss: 0.25 });
    rmSync(join(results, 'text'), { recursive: true });
    const rows = listRuns(results);
    expect(rows.map((r) => [r.status, r.step, r.loss])).toEqual([
      ['cancelled', 7, 2.5],
      ['finished', 20, 0.25],
    ]);
  });

  test('does not believe an index that is damaged, of another version, or about other folders', () => {
    some();
    const wanted = listRuns(results);
    const file = join(results, '.runs-index.json');
    for (const text of ['{', '[]', '{"version":0,"rows":{"mano/aaaaaaaaaaaa":{"mark":"","row":{}}}}', '']) {
      writeFileSync(file, text);
      expect(listRuns(results)).toEqual(wanted);
    }
    rmSync(file);
    expect(listRuns(results)).toEqual(wanted);
  });

  test('is right where no index can be written', () => {
    some();
    mkdirSync(join(results, '.runs-index.json')); // a folder in its place
    expect(listRuns(results)).toHaveLength(3);
    expect(readdirSync(results).filter((n) => n.endsWith('.tmp'))).toEqual([]);
    chmodSync(results, 0o555);
    expect(listRuns(results)).toHaveLength(3);
    chmodSync(results, 0o755);
  });
});

describe('conditions', () => {
  test.each([
    [['model.loops>=4'], 2],
    [['model.loops>4'], 1],
    [['loss<1'], 1],
    [['status=failed'], 1],
    [['status!=failed'], 2],
    [['variant=looped'], 1],
    [['variant!=looped'], 2],
    [['run~bbbb'], 1],
    [['model.loops<=4', 'loss<=1.5'], 1],
    [['train.lr = 1e-3'], 3],
    [['tokens<1_000'], 3],
  ])('%j', (conditions, count) => {
    some();
    expect(filterRuns(listRuns(results), conditions)).toHaveLength(count);
  });

  test('that cannot be are refused with what was probably meant', () => {
    some();
    const rows = listRuns(results);
    expect(() => filterRuns(rows, ['model.lops=4'])).toThrow(
      'no run has a field model.lops; did you mean model.loops?',
    );
    expect(() => filterRuns(rows, ['loss'])).toThrow("'loss' is no condition");
    expect(() => filterRuns(rows, ['=4'])).toThrow(SweepError);
  });
});

test('a run is found by the first digits of its id', () => {
  some();
  const rows = listRuns(results);
  expect(runByPrefix(rows, 'aaaab').run).toBe(ids[1]);
  expect(() => runByPrefix(rows, 'aaaa')).toThrow('2 runs begin with aaaa: mano/aaaaaaaaaaaa, mano/aaaabbbbbbbb');
  expect(() => runByPrefix(rows, 'f')).toThrow('there is no run f');
});

test('differences are the settings that are not the same', () => {
  some();
  const [a, b, c] = listRuns(results);
  if (!a || !b || !c) throw new Error('three runs were written');
  expect(diffRuns([a, b])).toEqual([{ key: 'model.loops', values: [1, 4] }]);
  expect(diffRuns([a, a])).toEqual([]);
  expect(diffRuns([a, c])).toContainEqual({ key: 'variant', values: [undefined, 'looped'] });
});

test('deletion takes whole runs, and none while one of them is being written', () => {
  some();
  const rows = listRuns(results);
  const lock = join(results, 'text', ids[2], 'run.lock');
  writeFileSync(lock, JSON.stringify({ pid: 1, host: `not-${hostname()}`, born: null, token: 'x' }));
  expect(() => removeRuns(results, rows)).toThrow(/a process is writing .*; stop it first, nothing was deleted/);
  expect(listRuns(results)).toHaveLength(3);
  rmSync(lock);
  removeRuns(results, rows.slice(1));
  expect(listRuns(results).map((r) => r.run)).toEqual([ids[0]]);
  expect(existsSync(join(results, 'mano', `${ids[1]}.deleted`))).toBe(false);
});
