// `npm test`: every vitest test, then TensorFlow.js's own op tests; ends with `N passed, N failed` over all of them.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runCommand, sum, type Tally, tally, tallyLine } from './runners.ts';

/** Runs vitest; `filters` are passed on (`npm test -- packages/core`). */
async function vitest(filters: readonly string[]): Promise<Tally> {
  const report = join(root, '.cache', 'vitest.json');
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const { code } = await runCommand('vitest', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...filters,
  ]);
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  // the shape of vitest's JSON report, as far as it is read here
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { status: string; assertionResults: { status: string }[] }[];
  };
  const statuses = testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
  // a file that does not load has no failed test in it, but it is a failure
  const broken = testResults.filter(
    (f) => f.status === 'failed' && !f.assertionResults.some((t) => t.status === 'failed'),
  );
  const failed = statuses.filter((s) => s === 'failed').length + broken.length;
  const passed = statuses.filter((s) => s === 'passed').length;
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Runs TensorFlow.js's own op tests against the compiled engine. */
async function tfjsOpTests(): Promise<Tally> {
  return tally(await runCommand('node', ['packages/engine/test/tfjs/run.ts', '--backend', 'onnx']));
}

const filters = process.argv.slice(2);
const tallies = [await vitest(filters)];
if (filters.length === 0) tallies.push(await tfjsOpTests());
const total = sum(tallies);
console.log(tallyLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;
