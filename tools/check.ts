// `npm run check`: types, formatting and lint, dead code, floors and cycles; ends with `N passed, N failed`.
import { runCommand, tallyLine } from './runners.ts';

const checks: readonly (readonly [what: string, command: string, args: readonly string[]])[] = [
  ['types (tsc -b)', 'tsc', ['-b', '--pretty', 'false']],
  ['format and lint (biome)', 'biome', ['check', '--error-on-warnings']],
  ['dead code and dependencies (knip)', 'knip', ['--no-progress']],
  ['floors, cycles, file headers', 'vitest', ['run', 'test/architecture.test.ts']],
];

let failed = 0;
for (const [what, command, args] of checks) {
  console.log(`\n== ${what}`);
  const { code } = await runCommand(command, args);
  if (code !== 0) failed++;
  console.log(`${code === 0 ? 'ok' : 'FAILED'}: ${what}`);
}
console.log(`\n${tallyLine({ passed: checks.length - failed, failed })}`);
process.exitCode = failed > 0 ? 1 : 0;
