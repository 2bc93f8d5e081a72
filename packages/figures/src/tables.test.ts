// Checks the tables and the naming of series against runs written by hand.
import { describe, expect, it } from 'vitest';
import type { EvalPoint, Run } from './run.ts';
import { seriesOf } from './series.ts';
import { summaryOf } from './summary.ts';
import { curveTable, loopTable, summarise } from './tables.ts';

const at = (step: number, accuracyPerLoop: number[], more: Partial<EvalPoint> = {}): EvalPoint => ({
  step,
  accuracy: accuracyPerLoop.at(-1) ?? 0,
  loss: 1,
  accuracyPerLoop,
  lossPerLoop: accuracyPerLoop.map((a) => (1 - a) * Math.LN2),
  exitDistribution: accuracyPerLoop.map(() => 1 / accuracyPerLoop.length),
  ...more,
});

function run(strategy: string, seed: number, evals: EvalPoint[], config: Record<string, unknown> = {}): Run {
  return {
    dir: `/r/${strategy}${seed}`,
    id: `${strategy}${seed}`,
    study: 's',
    strategy,
    objective: 'o',
    task: 't',
    seed,
    layers: 1,
    loops: evals.at(-1)?.accuracyPerLoop.length ?? 1,
    state: 'finished',
    config: { strategy: { id: strategy }, seed, ...config },
    manifest: {},
    evals,
    torn: false,
    train: [0, 1, 2, 3].map((step) => ({
      step,
      time: step,
      loss: step,
      terms: {},
      lr: 0,
      gradNorm: 0,
      tokensPerSecond: 0,
    })),
  };
}

const looped = [run('loopLM', 0, [at(0, [0, 0]), at(9, [0.25, 0.5])]), run('loopLM', 1, [at(9, [0.75, 1])])];
const plain = run('plain', 0, [at(9, [0.5])]);

describe('series', () => {
  it('join seeds, most loops first', () => {
    expect(seriesOf([plain, ...looped]).map((s) => [s.label, s.runs.length])).toEqual([
      ['LoopLM 1×2', 2],
      ['Plain 1×1', 1],
    ]);
  });
  it('are told apart by what differs', () => {
    const other = run('loopLM', 0, [at(9, [0, 0])], { objective: { beta: 0.1 }, train: { seed: 7 } });
    expect(seriesOf([...looped, other]).map((s) => s.label)).toEqual([
      'LoopLM 1×2, objective.beta=0.1',
      'LoopLM 1×2, objective.beta=unset',
    ]);
  });
  it('are named by the variant of the study', () => {
    const [a, b] = [0, 1].map((seed) =>
      run('loopLM', seed, [at(9, [0, 0])], { variant: 'ours', train: { logEvery: seed } }),
    );
    expect(seriesOf([a ?? plain, b ?? plain, plain]).map((s) => [s.label, s.runs.length])).toEqual([
      ['ours', 2],
      ['Plain 1×1', 1],
    ]);
  });
  it('take the names they are given', () => {
    expect(seriesOf([plain], () => 'Ours').map((s) => s.label)).toEqual(['Ours']);
  });
  it('need runs', () => {
    expect(() => seriesOf([])).toThrow('there are no runs to draw');
  });
});

it('loopTable has a row for each run, evaluation and loop', () => {
  const table = loopTable([...looped, plain]);
  expect(table.numRows()).toBe(4 + 2 + 1);
  expect(table.filter('d => d.last').numRows()).toBe(2 + 2 + 1);
  const bits = table.filter("d => d.run === 'loopLM0' && d.last").array('bits');
  expect(bits).toEqual([0.75, 0.5]); // (1 - accuracy) ln 2 nats are 1 - accuracy bits
  // A tokenizer's symbol stands for four bytes: 0.5 bits a symbol are 0.125 bits a byte.
  const tokens = run('loopLM', 0, [at(9, [0.25, 0.5], { loss: 0.5 * Math.LN2, bitsPerByte: 0.125 })]);
  expect(loopTable([tokens]).array('bits')).toEqual([0.75 / 4, 0.125]);
});

it('summarise gives mean and interval of each group', () => {
  const rows = summarise(loopTable(looped).filter('d => d.last'), ['series', 'loop'], 'accuracy', [0, 1]);
  expect(rows).toEqual([
    { series: 'LoopLM 1×2', loop: 1, n: 2, mean: 0.5, lo: 0.25, hi: 0.75 },
    { series: 'LoopLM 1×2', loop: 2, n: 2, mean: 0.75, lo: 0.5, hi: 1 },
  ]);
});

it('curveTable follows evaluations, and averages training losses over stretches of steps', () => {
  expect(curveTable(looped, 'accuracy').objects()).toMatchObject([
    { run: 'loopLM0', step: 0, value: 0 },
    { run: 'loopLM0', step: 9, value: 0.5 },
    { run: 'loopLM1', step: 9, value: 1 },
  ]);
  expect(curveTable([plain], 'trainLoss', undefined, 2).objects()).toMatchObject([
    { step: 1, value: 0.5 },
    { step: 3, value: 2.5 },
  ]);
  expect(() => curveTable([plain], 'bitsPerByte')).toThrow('no run has bitsPerByte over time');
});

it('summaryOf gives each series its result after every loop', () => {
  const { quantity, rows } = summaryOf([...looped, plain]);
  expect(quantity).toBe('accuracy');
  expect(rows.map((row) => [row.series, row.seeds, row.perLoop.map((e) => e.mean), row.final.mean])).toEqual([
    ['LoopLM 1×2', [0, 1], [0.5, 0.75], 0.75],
    ['Plain 1×1', [0], [0.5], 0.5],
  ]);
  const text = summaryOf([run('loopLM', 0, [at(9, [0.25, 0.5], { bitsPerByte: 0.5 })])]);
  expect([text.quantity, text.rows[0]?.final.mean]).toEqual(['bitsPerByte', 0.5]);
  // Trained with two loops, read after four: the evaluation's own number is that of the second.
  const deep = { ...run('loopLM', 0, [at(9, [0.25, 0.5, 0.75, 0.25], { accuracy: 0.5 })]), loops: 2 };
  const [row] = summaryOf([deep]).rows;
  expect([row?.series, row?.loops, row?.perLoop.length, row?.final.mean]).toEqual(['LoopLM 1×2', 2, 4, 0.5]);
});

it('says when nothing was evaluated', () => {
  expect(() => loopTable([run('plain', 0, [])])).toThrow('no run has an evaluation yet');
});
