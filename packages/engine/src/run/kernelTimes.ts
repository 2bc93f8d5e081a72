// Where the time of a program goes: ONNX Runtime's profile, summed by operator.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, TypedArray } from '../graph/graph.ts';
import { load, type SessionSettings } from './program.ts';

/** Matrix products, the share of a step that a faster runtime could not save. */
export const GEMM_OPERATORS: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'FusedMatMul']);

/** Mean milliseconds a run spends in each operator. The program is loaded anew and run twice to warm up. */
export async function kernelTimes(
  graph: Graph,
  feeds: readonly TypedArray[],
  settings: SessionSettings,
  runs = 5,
): Promise<Record<string, number>> {
  const warmUp = 2;
  const dir = mkdtempSync(join(tmpdir(), 'looplab-profile-'));
  try {
    const program = await load(graph, { ...settings, profile: join(dir, 'profile') });
    for (let i = 0; i < warmUp + runs; i++) await program.run(feeds);
    program.endProfiling();
    await program.release();
    const file = readdirSync(dir).find((f) => f.startsWith('profile'));
    if (!file) throw new Error(`ONNX Runtime wrote no profile into ${dir}`);
    const events = JSON.parse(readFileSync(join(dir, file), 'utf8')) as KernelEvent[];
    const kernels = events
      .filter((e) => e.cat === 'Node' && e.name.endsWith('_kernel_time'))
      .sort((a, b) => a.ts - b.ts);
    const perRun = kernels.length / (warmUp + runs);
    const times: Record<string, number> = {};
    for (const e of kernels.slice(warmUp * perRun)) {
      times[e.args.op_name] = (times[e.args.op_name] ?? 0) + e.dur / 1000 / runs;
    }
    return times;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface KernelEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly op_name: string };
}
