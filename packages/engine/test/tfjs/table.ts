// Writes docs/kernels.md: every TensorFlow.js kernel, whether backend `onnx` has it, and how many of TensorFlow.js's tests that use it pass.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { differences } from './exclusions.ts';
import { runTfjsTests, type SpecResult } from './harness.ts';
import { internal } from './hooks.ts';

const target = fileURLToPath(new URL('../../../../docs/kernels.md', import.meta.url));
const { specs } = await runTfjsTests({ backend: 'onnx' });
const names: string[] = [...new Set(Object.values<string>(await internal('kernel_names')))].sort();
const { ON_HOST } = await import('../../src/trace/kernels/host.ts');
const { REFUSED } = await import('../../src/trace/kernels/refused.ts');
const { getKernel } = await import('@tensorflow/tfjs-core');

/** `passed/total` of the specs that use a kernel; those that end at another, unsupported one are left out. */
function tests(name: string): string {
  const used = specs.filter((s) => s.kernels.includes(name) && s.outcome !== 'unsupported');
  const passed = used.filter((s) => s.outcome === 'passed').length;
  return used.length === 0 ? '–' : `${passed}/${used.length}`;
}

function row(name: string): string {
  const reason = REFUSED[name];
  if (reason !== undefined) return `| ${name} | no | – | ${reason} |`;
  if (ON_HOST.includes(name)) {
    const why = name === 'Multinomial' ? 'random' : 'the shape of its result depends on values';
    return `| ${name} | outside graphs | ${tests(name)} | ${why} |`;
  }
  if (getKernel(name, 'onnx') === undefined) return `| ${name} | unused | – | no TensorFlow.js operation asks for it |`;
  return `| ${name} | yes | ${tests(name)} | |`;
}

const count = (outcome: SpecResult['outcome']): number => specs.filter((s) => s.outcome === outcome).length;
const supported = count('passed') + count('failed') + count('different');
const excluded = new Map<string, string[]>();
for (const s of specs) {
  if (s.outcome !== 'excluded') continue;
  const what = s.name === '(whole file)' ? s.file : s.name;
  excluded.set(s.message ?? '', [...(excluded.get(s.message ?? '') ?? []), what]);
}

const text = `# Kernels of backend \`onnx\`

Written by \`pnpm kernels:table\`; do not edit. A TensorFlow.js operation runs one or more *kernels*. This table says which of them the compiled
engine has, in float32, int32 and bool, and how many of TensorFlow.js's own tests (\`pnpm test:tfjs\`) that use a kernel pass.

- **yes**: lowered to ONNX operators; works lazily and inside \`compile\`.
- **outside graphs**: run by TensorFlow.js's reference backend on values that are already known (\`await x.data()\` makes them so); refused inside \`compile\`
  when they depend on its arguments.
- **no**: throws an error that says why; use \`useDevice({ kind: 'cpu' })\` or \`{ kind: 'tensorflow' }\` for that part.

Of ${supported} tests of supported kernels ${count('passed')} pass (${((100 * count('passed')) / supported).toFixed(2)}%); ${count('unsupported')} more end at a kernel or a type of tensor that is not supported.
Apart from that, our own tests hold every kernel and gradient to 1e-5 of the reference (\`packages/engine/src/trace/kernels/*.test.ts\`).

| kernel | supported | tests passed | why not, or how |
|---|---|---|---|
${names.map(row).join('\n')}

## Known differences

${differences
  .filter((d) => d.backend === 'onnx')
  .map((d) => `- *${d.spec}*: ${d.reason}.`)
  .join('\n')}

## Tests of TensorFlow.js that are not run

${[...excluded].map(([reason, files]) => `- ${reason}: ${files.map((f) => `\`${f}\``).join(', ')}`).join('\n')}

Tests that TensorFlow.js itself keeps for backends with synchronous reads (\`dataSync\`) are not declared: ONNX Runtime computes asynchronously.
`;
writeFileSync(target, text);
console.log(`${target}: ${names.length} kernels`);
process.exit(0);
