// `npm test`: every vitest test, then TensorFlow.js's own op tests; ends with `N passed, N failed` over all of them. Tests that need an
// optional part which is not set up are skipped; with CI=true each such part is a failure.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runCommand, sum, type Tally, tally, tallyLine } from './runners.ts';
import { type ReportedTest, type Skips, skipLines, skipsOf } from './skips.ts';

/** Runs vitest; `filters` are passed on (`npm test -- packages/core`). */
async function vitest(filters: readonly string[]): Promise<{ tally: Tally; skips: Skips }> {
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
  if (!existsSync(report)) return { tally: { passed: 0, failed: 1 }, skips: skipsOf([]) };
  // the shape of vitest's JSON report, as far as it is read here
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { status: string; assertionResults: ReportedTest[] }[];
  };
  const tests = testResults.flatMap((file) => file.assertionResults);
  const count = (status: string): number => tests.filter((test) => test.status === status).length;
  // a file that does not load has no failed test in it, but it is a failure
  const broken = testResults.filter(
    (f) => f.status === 'failed' && !f.assertionResults.some((t) => t.status === 'failed'),
  );
  const failed = count('failed') + broken.length;
  const tally = { passed: count('passed'), failed: failed === 0 && code !== 0 ? 1 : failed };
  return { tally, skips: skipsOf(tests) };
}

/** Runs TensorFlow.js's own op tests against the compiled engine. */
async function tfjsOpTests(): Promise<Tally> {
  return tally(await runCommand('node', ['packages/engine/test/tfjs/run.ts', '--backend', 'onnx']));
}

const filters = process.argv.slice(2);
const isCi = process.env.CI === 'true';
const { tally: ours, skips } = await vitest(filters);
const missing = { passed: 0, failed: isCi ? skips.missing.size : 0 };
const theirs = filters.length === 0 ? [await tfjsOpTests()] : [];
if (skips.total > 0) console.log(skipLines(skips, isCi).join('\n'));
const total = sum([ours, missing, ...theirs]);
console.log(tallyLine(total));
process.exitCode = total.failed > 0 ? 1 : 0;
