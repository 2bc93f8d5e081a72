// How long 10,000 finished run folders take to list: without an index, and with one.
//
// `node bench/runsList.ts [RUNS]` prints one JSON line.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listRuns } from '@looplab/sweep';
import { writeRun } from '../packages/sweep/test/writeRun.ts';

const runs = Number(process.argv[2] ?? 10_000);
const results = mkdtempSync(join(tmpdir(), 'looplab-list-'));
try {
  for (let i = 0; i < runs; i++) {
    const id = i.toString(16).padStart(12, '0');
    writeRun(results, `study-${i % 4}`, id, { loops: 1 + (i % 8), loss: i / runs, seed: i });
  }
  const time = (): number => {
    const begun = performance.now();
    const { length } = listRuns(results);
    if (length !== runs) throw new Error(`${length} of ${runs} runs were listed`);
    return (performance.now() - begun) / 1000;
  };
  const [first, again] = [time(), time()];
  writeRun(results, 'study-0', '000000000000', { loops: 3, loss: 9 });
  console.log(JSON.stringify({ runs, first, again, afterOneChange: time() }));
} finally {
  rmSync(results, { recursive: true, force: true });
}
