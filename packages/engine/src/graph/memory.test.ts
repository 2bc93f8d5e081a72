// Memory: the order is the one ONNX Runtime really runs in, and the peak is what a hand count gives.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { load } from '../run/program.ts';
import { currentSettings } from '../run/settings.ts';
import { add, gemm, mul, reshape, scalar, unary } from './build.ts';
import { collect, type Graph, makeInput, size } from './graph.ts';
import { peakBytes, runningOrder } from './memory.ts';

const x = makeInput({ shape: [4, 4], dtype: 'float32' });

/** A small backward pass: two chains that meet, and products that only the end needs. */
function example(): Graph {
  const a = unary('Tanh', x);
  const b = gemm(a, x);
  const c = unary('Sigmoid', b);
  const dw2 = gemm(b, c, { transA: true });
  const d = mul(c, unary('Cos', b));
  const dw1 = gemm(a, d, { transA: true });
  return collect([x], [add(dw1, mul(dw2, scalar(0.5))), unary('Neg', d), unary('Exp', dw1)]);
}

it('is the order in which ONNX Runtime runs', async () => {
  const graph = example();
  const dir = mkdtempSync(join(tmpdir(), 'order-'));
  const program = await load(graph, { ...currentSettings(), profile: join(dir, 'p') });
  await program.run(graph.inputs.map((v) => new Float32Array(size(v.shape))));
  program.endProfiling();
  const file = readdirSync(dir).find((f) => f.startsWith('p')) as string;
  const events = JSON.parse(readFileSync(join(dir, file), 'utf8')) as { cat: string; name: string; ts: number }[];
  rmSync(dir, { recursive: true });
  const ran = events
    .filter((e) => e.cat === 'Node' && e.name.endsWith('_kernel_time'))
    .sort((a, b) => a.ts - b.ts)
    .map((e) => Number.parseInt(e.name, 10));
  expect(ran).toEqual(runningOrder(graph).map((n) => graph.nodes.indexOf(n)));
});

it('counts tensors from the node that makes them to their last use, views for nothing', () => {
  const a = unary('Tanh', x); // 64 bytes
  const b = reshape(a, [16]); // a's memory
  const c = unary('Exp', b); // 64: a, c
  const d = unary('Neg', c); // a dead after c: c, d
  const graph = collect([x], [d]);
  expect(peakBytes(graph, graph.nodes)).toBe(128);
  expect(peakBytes(collect([x], [add(d, b)]), collect([x], [add(d, b)]).nodes)).toBe(192);
});
