// Checks that run folders are read as written, that torn files do not matter, and that wrong ones are named.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readRun, readRuns } from './readRun.ts';
import { FiguresError } from './run.ts';
import { writeQuickstart, writeSyntheticRun } from './synthetic.test-data.ts';

const root = mkdtempSync(join(tmpdir(), 'looplab-figures-'));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const fresh = () => {
  made += 1;
  return writeSyntheticRun(join(root, `study${made}`), {
    id: 'run',
    strategy: 'loopLM',
    layers: 1,
    loops: 3,
    seed: 5,
    reach: [0.3, 0.4, 0.5],
    steps: 100,
  });
};

it('reads a run', () => {
  const run = readRun(fresh());
  expect(run).toMatchObject({
    id: 'run',
    study: 'quickstart',
    strategy: 'loopLM',
    objective: 'entropyRegularised',
    task: 'groupWords',
    seed: 5,
    layers: 1,
    loops: 3,
    params: 50240,
    state: 'finished',
    seconds: 4,
    torn: false,
  });
  expect(run.train.map((t) => t.step)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(run.evals.map((e) => e.step)).toEqual([0, 50, 100]);
  expect(run.evals[2]?.accuracyPerLoop).toHaveLength(3);
  expect(run.manifest.git?.sha).toMatch(/^4f1c/);
});

it.each([
  ['deeper than it was trained', [0.3, 0.5, 0.6, 0.2]],
  ['at its end alone', [0.5]],
])('has the loops of its model where it was read %s', (_, reach) => {
  const run = { id: `read${reach.length}`, strategy: 'loopLM', layers: 1, loops: 2, seed: 0, reach, steps: 50 };
  expect(readRun(writeSyntheticRun(join(root, 'depths'), run)).loops).toBe(2);
});

it('finds runs in a study and in all results, sorted', () => {
  writeQuickstart(join(root, 'results', 'one'), 2);
  writeQuickstart(join(root, 'results', 'two'), 1);
  expect(readRuns(join(root, 'results', 'one')).map((run) => run.id)).toEqual(['a0f3', 'a1f3', 'b0c7', 'b1c7']);
  expect(readRuns(join(root, 'results'))).toHaveLength(6);
  expect(readRuns(join(root, 'results', 'one', 'a0f3'))).toHaveLength(1);
  writeQuickstart(join(root, 'results', '.trash'), 1);
  symlinkSync(join(root, 'results', 'one'), join(root, 'results', 'zero'));
  expect(readRuns(join(root, 'results')).map((run) => run.dir)).toHaveLength(6 + 4);
});

describe('a metrics file cut off anywhere', () => {
  const dir = fresh();
  const path = join(dir, 'metrics.jsonl');
  const whole = readFileSync(path);
  const full = readRun(dir);

  it('reads as the lines before the cut', () => {
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        writeFileSync(path, whole);
        truncateSync(path, length);
        const run = readRun(dir);
        expect(full.train.slice(0, run.train.length)).toEqual(run.train);
        expect(full.evals.slice(0, run.evals.length)).toEqual(run.evals);
        const lines = whole
          .subarray(0, length)
          .toString()
          .split('\n')
          .filter((line) => line !== '');
        expect(run.train.length + run.evals.length + (run.torn ? 1 : 0)).toBe(lines.length);
      }),
      { numRuns: 150 },
    );
  });
});

it('takes the later of two lines of the same step, as a resumed run writes them', () => {
  const dir = fresh();
  appendFileSync(join(dir, 'metrics.jsonl'), `${JSON.stringify({ step: 50, kind: 'train', loss: 9 })}\n`);
  const run = readRun(dir);
  expect(run.train.filter((t) => t.step === 50).map((t) => t.loss)).toEqual([9]);
  expect(run.train.map((t) => t.step)).toEqual([...run.train.map((t) => t.step)].sort((a, b) => a - b));
});

it('reads null as not a number and passes over kinds it does not know', () => {
  const dir = fresh();
  appendFileSync(join(dir, 'metrics.jsonl'), '{"step":110,"kind":"train","loss":null}\n{"kind":"probe","x":1}\n');
  expect(readRun(dir).train.at(-1)?.loss).toBeNaN();
});

it('does without metrics, status and manifest', () => {
  const dir = fresh();
  for (const name of ['metrics.jsonl', 'status.json', 'manifest.json']) rmSync(join(dir, name));
  expect(readRun(dir)).toMatchObject({ state: 'unknown', train: [], evals: [], manifest: {}, loops: 3 });
});

it.each([
  ['config.json', '{"strategy":', /config\.json is not JSON .*cut short/],
  ['config.json', '{"seed":1}', /config\.json is not as expected: strategy: /],
  ['config.json', '{"strategy":{"id":"plain"},"seed":"one"}', /seed: .*number/],
  ['status.json', '{"status":"asleep"}', /status\.json is not as expected: status: /],
  ['metrics.jsonl', 'rubbish\n{"kind":"x"}\n', /metrics\.jsonl, line 1: not JSON/],
  ['metrics.jsonl', '{"step":1,"kind":"train"}\n', /metrics\.jsonl, line 1 is not as expected: loss: /],
  ['metrics.jsonl', '{"step":-1,"kind":"train","loss":1}\n', /line 1 is not as expected: step: /],
  ['metrics.jsonl', '[]\n', /line 1 is not as expected/],
])('names what is wrong in %s: %s', (name, content, message) => {
  const dir = fresh();
  writeFileSync(join(dir, name), content);
  expect(() => readRun(dir)).toThrow(message);
  expect(() => readRun(dir)).toThrow(FiguresError);
});

it('never fails otherwise than with its own error, whatever is in the files', () => {
  const dir = fresh();
  fc.assert(
    fc.property(
      fc.constantFrom('config.json', 'status.json', 'manifest.json', 'metrics.jsonl'),
      fc.json(),
      (name, json) => {
        const before = readFileSync(join(dir, name));
        writeFileSync(join(dir, name), `${json}\n`);
        try {
          readRun(dir);
        } catch (error) {
          expect(error).toBeInstanceOf(FiguresError);
        } finally {
          writeFileSync(join(dir, name), before);
        }
      },
    ),
    { numRuns: 200 },
  );
});

it('says where there are no runs', () => {
  expect(() => readRuns(join(root, 'nowhere'))).toThrow(/there is no folder .*nowhere; run a study first/);
  mkdirSync(join(root, 'empty'));
  expect(() => readRuns(join(root, 'empty'))).toThrow(/no run in .*empty: a run is a folder with a config\.json/);
  expect(() => readRun(join(root, 'empty'))).toThrow(/is not a run folder: it has no config\.json/);
});
