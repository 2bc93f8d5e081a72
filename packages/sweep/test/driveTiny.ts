// A process that sweeps a tiny study with real runs: `node driveTiny.ts RESULTS`. Tests kill it.
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { grid, planSweep, runSweep } from '@looplab/sweep';
import { groupWords } from '@looplab/tasks';
import { defineStudy } from '@looplab/train';

const study = defineStudy({
  name: 'tiny',
  task: groupWords({ group: 'S3', seq: 4 }),
  model: { dModel: 8, heads: 2, layers: 1, loops: 2, dFF: 8 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps: 24, batch: 4, lr: 0.01, warmup: 4, evalEvery: 5, evalBatches: 1, checkpointEvery: 3, logEvery: 4 },
});
// a fixed identity, so that somebody who edits a source while the tests run does not start a new sweep
const plan = planSweep(study, { search: grid({ 'model.loops': [1, 2, 3] }), code: 'test' });
const options = { device: 'cpu', workers: 2, retries: 100, output: process.stderr } as const;
const { end } = await runSweep(plan, { results: process.argv[2] ?? '', ...options });
process.stdout.write(`${end}\n`);
