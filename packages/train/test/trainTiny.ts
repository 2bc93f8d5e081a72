// A process that trains a tiny model and says every step: `node trainTiny.ts <device> <folder>`. Tests kill it.
import { loopLM } from '@looplab/core';
import { useDevice } from '@looplab/engine';
import { entropyRegularised } from '@looplab/objectives';
import { groupWords } from '@looplab/tasks';
import { type Callback, defineStudy, runStudy, TrainError } from '@looplab/train';

const [device = 'cpu', results = ''] = process.argv.slice(2);
const kind = device === 'onnx' ? 'onnx' : 'cpu';
await useDevice({ kind, threads: 1 });

const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'S3', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
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
