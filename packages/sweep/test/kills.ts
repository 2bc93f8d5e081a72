// Stress: `node packages/sweep/test/kills.ts [KILLS] [SEED]` kills drivers and workers of sweeps until it has done so KILLS times, and
// ends with `N passed, N failed`, counted in sweeps. Without a SEED every day has another one.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJournal } from '../src/store/sweepFolder.ts';
import { type KillingOptions, killSweep, type Tally } from './killing.ts';

const today = 1000 * Math.floor(Date.now() / 86_400_000);
const [kills = 300, first = today] = process.argv.slice(2).map(Number);
const total: Tally = { driver: 0, worker: 0, both: 0, cut: 0, sweeps: 0 };
const searches = ['grid', 'asha', 'tpe'] as const;
let failed = 0;

console.log(`seed ${first}; the same again: node packages/sweep/test/kills.ts ${kills} ${first}`);
for (let seed = first; failed === 0 && total.driver + total.worker + total.both < kills; seed++) {
  const search = searches[seed % searches.length] ?? 'grid';
  const results = mkdtempSync(join(tmpdir(), 'looplab-kills-'));
  const whole = mkdtempSync(join(tmpdir(), 'looplab-whole-'));
  const options: KillingOptions = { results, search, seed, stepMs: 10, kills: 12 };
  try {
    const tally = await killSweep(options);
    await killSweep({ ...options, results: whole, kills: 0, stepMs: 1 });
    if (decisions(results) !== decisions(whole))
      throw new Error('the killed sweep decided otherwise than the unbroken one');
    for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name];
    console.log(`${search} ${seed}: ${JSON.stringify(tally)}; so far ${JSON.stringify(total)}`);
    rmSync(results, { recursive: true, force: true });
  } catch (error) {
    failed++;
    console.error(`${search}, seed ${seed}, what is left lies in ${results}`, error);
  } finally {
    rmSync(whole, { recursive: true, force: true });
  }
}
console.log(`${total.sweeps} passed, ${failed} failed`);
process.exitCode = failed;

/** Every job of the only sweep under `results`, as text. */
function decisions(results: string): string {
  const sweeps = join(results, 'fake', 'sweeps');
  const [id = ''] = readdirSync(sweeps);
  return JSON.stringify(readJournal(join(sweeps, id)).filter((r) => r.kind === 'job'));
}
