// Hidden states at chosen places: each problem's answer and each of its chain steps, after every loop.
import * as tf from '@tensorflow/tfjs-core';
import { AnalysisError } from './analysisError.ts';
import type { AnalysisContext } from './context.ts';
import { forward, heldOut, type Values } from './forward.ts';
import type { Instance } from './instances.ts';

/** A position that means the same in every problem; undefined where a problem does not have it. */
export interface Site {
  readonly name: string;
  at(instance: Instance): number | undefined;
}

/** States at sites. `vectors(t, s)` is [instances, width] row-major, NaN rows where an instance lacks the site. */
export interface SiteStates {
  readonly instances: readonly Instance[];
  readonly sites: readonly Site[];
  /** States read: 0 is before the first loop. */
  readonly loops: number;
  readonly width: number;
  vectors(loop: number, site: number): Float64Array;
}

/** The position of the answer. */
export const answerSite: Site = { name: 'answer', at: (x) => x.answerAt };

/** The position at which everything chain step `s` (from 1) needs has been read. */
export const stepSite = (s: number): Site => ({ name: `step ${s}`, at: (x) => x.chain[s - 1]?.position });

/** The answer's place and those of the first `steps` chain steps. */
export function sitesOf(instances: readonly Instance[], steps = longestChain(instances)): Site[] {
  return [...Array.from({ length: steps }, (_, s) => stepSite(s + 1)), answerSite];
}

/** Steps of the longest chain. */
export function longestChain(instances: readonly Instance[]): number {
  return Math.max(0, ...instances.map((x) => x.chain.length));
}

/**
 * The state's first leaf at every site after 0 (before the first), 1, … `loops` loops.
 * @throws AnalysisError where a state is not a number
 */
export async function siteStates(
  context: AnalysisContext,
  instances: readonly Instance[],
  sites: readonly Site[],
  loops = context.model.loops,
): Promise<SiteStates> {
  const pass = forward(
    context,
    (trace) => [trace.initial, ...trace.states].map((s) => flat(Object.values(s)[0] as tf.Tensor)), // states have a leaf
    { loops },
  );
  const byRow = new Map<number, number[]>();
  for (const [i, x] of instances.entries()) byRow.set(x.row, [...(byRow.get(x.row) ?? []), i]);
  const out: Float64Array[][] = [];
  let width = 0;
  await heldOut(context, async (batch, index, count) => {
    const rows = Array.from({ length: count }, (_, r) => index * batch.batch + r);
    if (!rows.some((r) => byRow.has(r))) return;
    context.progress(`states of rows ${(rows[0] ?? 0) + 1} to ${(rows.at(-1) ?? 0) + 1}`);
    const states = await pass.run(batch, index);
    width = (states[0]?.length ?? 0) / (batch.batch * batch.seq);
    for (const [t, values] of states.entries()) {
      out[t] ??= sites.map(() => new Float64Array(instances.length * width).fill(Number.NaN));
      for (const [r, row] of rows.entries())
        for (const i of byRow.get(row) ?? []) copySites(out[t], values, i, r * batch.seq, width);
    }
  });
  await pass.release();

  function copySites(to: readonly Float64Array[], from: Values, i: number, rowAt: number, d: number): void {
    for (const [s, site] of sites.entries()) {
      const position = site.at(instances[i] as Instance); // i comes from the list
      if (position === undefined) continue;
      const at = (rowAt + position) * d;
      const vector = from.subarray(at, at + d);
      if (vector.some((v) => !Number.isFinite(v)))
        throw new AnalysisError(
          `the state at ${site.name} of row ${instances[i]?.row} is not finite; choose a checkpoint from before the run diverged`,
        );
      to[s]?.set(vector, i * d);
    }
  }

  return {
    instances,
    sites,
    loops: out.length - 1,
    width,
    vectors: (loop, site) => out[loop]?.[site] ?? new Float64Array(0),
  };
}

/** [B, S, ...] as [B, S, width]. */
function flat(leaf: tf.Tensor): tf.Tensor {
  return tf.reshape(leaf, [leaf.shape[0] ?? 0, leaf.shape[1] ?? 0, -1]);
}
