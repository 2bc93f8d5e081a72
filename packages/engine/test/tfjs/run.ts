// Command line: runs TensorFlow.js's own op tests against a backend and prints the failures and totals.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Outcome, runTfjsTests, type SpecResult } from './harness.ts';

const { values } = parseArgs({
  options: {
    backend: { type: 'string', default: 'cpu' },
    filter: { type: 'string' },
    json: { type: 'string' },
    list: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const started = performance.now();
const { specs, registered } = await runTfjsTests({
  backend: values.backend,
  list: values.list,
  ...(values.filter === undefined ? {} : { filter: new RegExp(values.filter) }),
  onSuiteFailure: (message) => console.log(`SET-UP FAILED ${message}\n`),
  onSpec: (spec) => {
    if (values.list) console.log(`${spec.file}: ${spec.name}`);
    else if (spec.outcome === 'failed') console.log(`FAILED ${spec.file}: ${spec.name}\n${shortened(spec)}\n`);
    else if (values.verbose) console.log(`${spec.outcome} ${spec.file}: ${spec.name} (${spec.ms.toFixed(0)} ms)`);
  },
});
if (values.json !== undefined)
  writeFileSync(values.json, JSON.stringify({ backend: values.backend, registered, specs }, null, 1));

const count = (outcome: Outcome) => specs.filter((s) => s.outcome === outcome).length;
const [passed, failed, unsupported, different] = [
  count('passed'),
  count('failed'),
  count('unsupported'),
  count('different'),
];
if (values.list) {
  console.log(`${passed} specs`);
} else {
  print('Not run', tally(specs.flatMap((s) => (s.outcome === 'excluded' ? [s.message ?? ''] : []))));
  print('Not supported', tally(specs.flatMap((s) => (s.outcome === 'unsupported' ? [refusal(s)] : []))));
  print('Known differences', tally(specs.flatMap((s) => (s.outcome === 'different' ? [s.name] : []))));
  const supported = passed + failed + different;
  console.log(
    `backend ${values.backend}: ${registered.length} kernels, ${unsupported} specs not supported, ` +
      `${((100 * passed) / Math.max(1, supported)).toFixed(2)}% of the other ${supported} pass ` +
      `(${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
  console.log(`${passed} passed, ${failed} failed`);
}
// A backend may hold threads that keep the process alive.
process.exit(failed > 0 ? 1 : 0);

function tally(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function print(title: string, counts: readonly [string, number][]): void {
  if (counts.length > 0) console.log(`${title}:`);
  for (const [what, n] of counts) console.log(`  ${n}  ${what}`);
}

/** What the backend said it cannot do. */
function refusal(spec: SpecResult): string {
  const said = /cannot run (\w+: [^;]*)/.exec(spec.message ?? '')?.[1];
  return said ?? `no kernel ${spec.missing.join(', ')}`;
}

/** The message and the first frames of the stack outside jasmine. */
function shortened(spec: SpecResult): string {
  return (spec.message ?? '')
    .split('\n')
    .filter((line) => !line.includes('jasmine-core'))
    .map((l) => l.slice(0, 400))
    .slice(0, 12)
    .join('\n');
}
