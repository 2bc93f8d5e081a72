// Studies from start to summary: skipped, diverged, stopped and unwritable runs.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loopLM, plain, thinkAtHard, trm } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised, halting, lastLoop } from '@looplab/objectives';
import { groupWords, mano } from '@looplab/tasks';
import { beforeAll, expect, test } from 'vitest';
import { defineStudy } from './defineStudy.ts';
import { CancelledError, RunFolderError } from './errors.ts';
import { readJson, readStatus } from './runFolder.ts';
import { runStudy, type StudySummary } from './runStudy.ts';
import { tempDir } from './testing/tempDir.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'Z2', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 4, batch: 4, lr: 0.01, evalBatches: 1 },
  variants: { looped: {}, plain: { strategy: plain(), objective: lastLoop(), model: { loops: 1 } } },
});
const newResults = (): string => tempDir();
const listener = () => {
  const lines: string[] = [];
  return { write: (t: string) => void lines.push(t), text: () => lines.join('') };
};

test('runs every run, writes the summary, and skips what is finished', async () => {
  const results = newResults();
  const output = listener();
  const summary = await runStudy({ study, results, output });
  expect(summary.runs.map((r) => [r.variant, r.loops, r.seed, r.status])).toEqual([
    ['looped', 2, 0, 'finished'],
    ['plain', 1, 0, 'finished'],
  ]);
  const [looped, once] = summary.runs;
  expect(looped?.params).toBe((once?.params ?? 0) + 9); // the gate
  expect(looped?.accuracyPerLoop).toHaveLength(2);
  expect(looped?.exitDistribution).toHaveLength(2);
  expect(once).toMatchObject({ strategy: 'plain', objective: 'lastLoop', layers: 1, tokens: 64 });
  expect(readJson(join(results, 'tiny', 'summary.json'))).toEqual(JSON.parse(JSON.stringify(summary)));
  expect(readdirSync(join(results, 'tiny')).sort()).toEqual(
    [...summary.runs.map((r) => r.runId), 'summary.json'].sort(),
  );
  expect(output.text()).toMatch(/^\[2\/2\] plain seed 0: accuracy .*, 0:0/m);

  const more = listener();
  const again = await runStudy({ study, results, output: more, overrides: ['seeds=2'] });
  expect(again.runs.slice(0, 2)).toEqual(summary.runs);
  expect(again.runs).toHaveLength(4);
  expect(more.text().match(/finished before/g)).toHaveLength(2);
});

test('trains on rows of several problems that do not see each other, carried over updates too', async () => {
  const packed = defineStudy({
    name: 'packed',
    task: mano({ modulus: 5, maxOps: 2, packing: 'masked', seq: 16 }),
    model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
    strategy: loopLM(),
    objective: entropyRegularised(),
    train: { steps: 4, batch: 4, microBatches: 2, lr: 0.01, evalBatches: 1 },
    variants: {
      looped: {},
      carried: { strategy: trm({ cycles: 1, lowCycles: 1 }), objective: halting(), train: { microBatches: 1 } },
      previous: { strategy: thinkAtHard({ topK: 2, rank: 2 }), objective: lastLoop() },
    },
  });
  const { runs } = await runStudy({ study: packed, results: newResults(), output: listener() });
  expect(runs.map((r) => r.status)).toEqual(['finished', 'finished', 'finished']);
});

test('a run that diverges is reported at once and the others go on', async () => {
  const results = newResults();
  const output = listener();
  const overrides = [
    'variants.looped.train.lr=1e30',
    'variants.looped.train.clipNorm=0',
    'variants.looped.train.logEvery=1',
  ];
  const summary = await runStudy({ study, results, output, overrides });
  expect(summary.runs.map((r) => r.status)).toEqual(['diverged', 'finished']);
  expect(summary.runs[0]?.error).toMatch(/lower train.lr/);
  expect(output.text()).toMatch(/^\[1\/2\] looped seed 0: .*lower train.lr/m);
});

test('stopping ends the study and the same call goes on', async () => {
  const results = newResults();
  const controller = new AbortController();
  const stop = () => [
    { name: 'stop', onStep: ({ step }: { step: number }) => void (step === 2 && controller.abort()) },
  ];
  const stopped = runStudy({ study, results, callbacks: stop, signal: controller.signal });
  await expect(stopped).rejects.toThrow(CancelledError);
  const [run] = readdirSync(join(results, 'tiny'));
  expect(readStatus(join(results, 'tiny', run ?? ''))).toMatchObject({ status: 'cancelled', step: 2 });
  const whole: StudySummary = await runStudy({ study, results });
  expect(whole.runs.every((r) => r.status === 'finished')).toBe(true);
  await expect(runStudy({ study, results, signal: AbortSignal.abort() })).rejects.toThrow('stopped before run 1 of 2');
});

test('results that cannot be written end the study with one clear error', async () => {
  await expect(runStudy({ study, results: '/dev/null/results' })).rejects.toThrow(RunFolderError);
  await expect(runStudy({ study, results: '/dev/null/results' })).rejects.toThrow(
    /cannot write to folder \/dev\/null\/results/,
  );
});
