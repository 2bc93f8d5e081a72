// Loads a TensorFlow addon in a process of its own and multiplies two matrices with it.
import { lastLines, runCommand } from './runCommand.ts';

/** A binding that loads but cannot compute, or crashes, fails here instead of in the caller. */
const SCRIPT = `
process.on('uncaughtException', (error) => { console.error(error.message.split('\\n')[0]); process.exit(1); });
const binding = require(process.argv[1]);
const a = binding.createTensor([2, 2], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4]));
const flag = (name) => ({ name, type: binding.TF_ATTR_BOOL, value: false });
const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
const [c] = binding.executeOp('MatMul', [flag('transpose_a'), flag('transpose_b'), type], [a, a], 1);
const product = Array.from(binding.tensorDataSync(c.id));
console.log(JSON.stringify({ tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice(), product }));
`;

export type AddonCheck =
  | { readonly ok: true; readonly tensorflow: string; readonly gpu: boolean }
  | { readonly ok: false; readonly reason: string };

/** What the addon at `file` can do. */
export async function checkAddon(file: string): Promise<AddonCheck> {
  const result = await runCommand(process.execPath, ['-e', SCRIPT, file], {
    env: { TF_CPP_MIN_LOG_LEVEL: '3', NODE_OPTIONS: '' },
    timeout: 120_000,
  });
  if (result.code !== 0) return { ok: false, reason: lastLines(result) || `it ended with code ${result.code}` };
  try {
    const { tensorflow, gpu, product } = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
    if (`${product}` !== '7,10,15,22') return { ok: false, reason: `[[1,2],[3,4]] squared gave ${product}` };
    return { ok: true, tensorflow, gpu };
  } catch {
    return { ok: false, reason: `unexpected output: ${lastLines(result)}` };
  }
}
