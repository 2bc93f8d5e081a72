// How well a sweep uses two cores: N equal runs by one worker and by two, one thread each, and what a run costs beside its training.
//
// `node bench/sweep.ts [RUNS] [STEPS] [REPEATS]` prints one JSON line; the machine must be otherwise idle.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopLM } from '@looplab/core';
import { entropyRegularised } from '@looplab/objectives';
import { planSweep, runSweep } from '@looplab/sweep';
import { groupWords } from '@looplab/tasks';
import { defineStudy, median } from '@looplab/train';

const [runs = 8, steps = 150, repeats = 3] = process.argv.slice(2).map(Number);
const study = defineStudy({
  name: 'bench',
  task: groupWords({ group: 'S3', seq: 16 }),
  model: { dModel: 64, heads: 4, layers: 1, loops: 4, dFF: 176 },
  strategy: loopLM(),
  objective: entropyRegularised(),
  train: { steps, batch: 32, evalEvery: steps, evalBatches: 1, checkpointEvery: steps },
});

interface Measured {
  readonly wall: number;
  /** Sum of the runs' own seconds of training. */
  readonly training: number;
}

async function measure(workers: number): Promise<Measured> {
  const results = mkdtempSync(join(tmpdir(), 'looplab-bench-'));
  try {
    const begun = performance.now();
    const { rows } = await runSweep(planSweep(study, { seeds: runs }), { results, workers, threads: 1 });
    const wall = (performance.now() - begun) / 1000;
    if (rows.some((r) => r.status !== 'finished')) throw new Error('a run did not finish');
    return { wall, training: rows.reduce((sum, r) => sum + (r.seconds ?? 0), 0) };
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

const [one, two]: [Measured[], Measured[]] = [[], []];
for (let i = 0; i < repeats; i++) {
  one.push(await measure(1));
  two.push(await measure(2));
}
const speedUp = median(one.map((m, i) => m.wall / (two[i]?.wall ?? Number.NaN)));
const overhead = median(one.map((m) => (m.wall - m.training) / runs));
console.log(
  JSON.stringify({ runs, steps, secondsPerRun: median(one.map((m) => m.training / runs)), speedUp, overhead }),
);
