// Run as a program of its own: multiplies two matrices on one execution provider of ONNX Runtime and prints what came out.
import { matMul } from '../graph/build.ts';
import { collect, makeInput } from '../graph/graph.ts';
import { type ExecutionProvider, load } from '../run/program.ts';

const provider = process.argv[2] as ExecutionProvider; // probeDevices passes nothing else
const sig = { shape: [2, 2], dtype: 'float32' } as const;
const a = makeInput(sig);
const program = await load(collect([a], [matMul(a, a)]), { provider, threads: 1, spinning: false });
const [product] = await program.run([Float32Array.of(1, 2, 3, 4)]);
process.stdout.write(`${product}\n`);
await program.release();
