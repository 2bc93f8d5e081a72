// A process that trains a tiny model and says every step: `node trainTiny.ts <device> <folder> [strategy]`. Tests kill it.
import { loopLM, strategyById } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised, halting, lastLoop } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { type Callback, defineStudy, runStudy, TrainError } from '@looplab/train';

const [device = 'cpu', results = '', id = 'loopLM'] = process.argv.slice(2);
const kind = device === 'onnx' ? 'onnx' : 'cpu';
await useDevice({ kind, threads: 1 });

/** One whose gate is trained, one that samples its depth, one that carries rows over updates. */
const arms = {
  loopLM: { strategy: loopLM(), objective: entropyRegularised() },
  huginn: { strategy: strategyById('huginn', { gradLoops: 2 }), objective: lastLoop() },
  trm: { strategy: strategyById('trm', { cycles: 2, lowCycles: 1 }), objective: halting() },
};
const arm = arms[id as keyof typeof arms]; // the tests name one of them

const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'S3', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  ...arm,
  train: { steps: 24, batch: 4, lr: 0.01, warmup: 4, evalEvery: 5, evalBatches: 1, checkpointEvery: 3, logEvery: 4 },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const speak: Callback = {
  name: 'speak',
  onStep: ({ step }) => say(`step ${step}`),
  onCheckpoint: ({ step }) => say(`saved ${step}`),
};

try {
  // A fixed identity, so that somebody who edits a source while the tests run does not start a new run.
  await runStudy({ study, results, code: 'test', output: process.stderr, callbacks: () => [speak] });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof TrainError ? error.exitCode : 70;
}
