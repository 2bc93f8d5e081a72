// Hidden states at chosen places: each problem's answer and each of its chain steps, after every loop.
import { isLoop, type Micro, type Trace } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import { DivergedError } from './analysisError.ts';
import type { AnalysisContext } from './context.ts';
import { forward, heldOut, type LayerOutput, type Values } from './forward.ts';
import type { Instance } from './instances.ts';

/** A position that means the same in every problem; undefined where a problem does not have it. */
export interface Site {
  readonly name: string;
  at(instance: Instance): number | undefined;
}

/** Vectors at sites: `vectors(s)` is [instances, width] row-major, NaN rows where an instance lacks the site. */
export interface Place {
  /** Loops made, 0 before the first; inside a loop the one that is being made. */
  readonly loop: number;
  /** Inside a loop: the layers it has computed, from 1, over all its core calls. */
  readonly layer?: number;
  vectors(site: number): Float64Array;
}

/** States at sites. */
export interface SiteStates {
  readonly instances: readonly Instance[];
  readonly sites: readonly Site[];
  /** States read: 0 is before the first loop. */
  readonly loops: number;
  readonly width: number;
  vectors(loop: number, site: number): Float64Array;
  /** The same after each loop, and after every layer inside the loops that have several, where they were asked for. */
  readonly afterLoops: readonly Place[];
  readonly afterLayers: readonly Place[];
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
 * The state's first leaf at every site after 0 (before the first), 1, … `loops` loops; with `layers` also what each layer
 * inside them has made of its input.
 * @throws AnalysisError where a state is not a number
 */
export async function siteStates(
  context: AnalysisContext,
  instances: readonly Instance[],
  sites: readonly Site[],
  { loops = context.model.loops, layers = false }: { readonly loops?: number; readonly layers?: boolean } = {},
): Promise<SiteStates> {
  let inside: { loop: number; layer: number }[] = [];
  const pass = forward(
    context,
    (trace, _, outputs) => {
      const made = insideLoops(trace, outputs);
      inside = made.map(({ loop, layer }) => ({ loop, layer }));
      const states = [trace.initial, ...trace.states].map((s) => flat(Object.values(s)[0] as tf.Tensor)); // states have a leaf
      return [...states, ...made.map(({ x }) => x)];
    },
    { loops, layers },
  );
  const byRow = new Map<number, number[]>();
  for (const [i, x] of instances.entries()) byRow.set(x.row, [...(byRow.get(x.row) ?? []), i]);
  const out: Float64Array[][] = [];
  await heldOut(context, async (batch, index, count) => {
    const rows = Array.from({ length: count }, (_, r) => index * batch.batch + r);
    if (!rows.some((r) => byRow.has(r))) return;
    context.progress(`states of rows ${(rows[0] ?? 0) + 1} to ${(rows.at(-1) ?? 0) + 1}`);
    const states = await pass.run(batch, index);
    for (const [t, values] of states.entries()) {
      const width = values.length / (batch.batch * batch.seq);
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
        throw new DivergedError(
          `the state at ${site.name} of row ${instances[i]?.row} is not finite; choose a checkpoint from before the run diverged`,
        );
      to[s]?.set(vector, i * d);
    }
  }

  const vectors = (at: number, site: number): Float64Array => out[at]?.[site] ?? new Float64Array(0);
  const read = out.length - inside.length; // states, the first of them from before the first loop
  return {
    instances,
    sites,
    loops: read - 1,
    width: vectors(0, 0).length / instances.length,
    vectors,
    afterLoops: Array.from({ length: read }, (_, loop) => ({ loop, vectors: (site) => vectors(loop, site) })),
    afterLayers: inside.map((at, i) => ({ ...at, vectors: (site) => vectors(read + i, site) })),
  };
}

/** Outputs of the layers inside loops that have several. */
function insideLoops(trace: Trace, outputs: readonly LayerOutput[]): { loop: number; layer: number; x: tf.Tensor }[] {
  const { steps } = trace.plan;
  const loopOf = (k: Micro): number => 1 + steps.filter((u) => isLoop(u) && u.t < k.t).length;
  const made: { loop: number; layer: number; x: tf.Tensor }[] = [];
  for (const { k, x } of outputs) {
    const loop = loopOf(k);
    made.push({ loop, layer: 1 + made.filter((m) => m.loop === loop).length, x });
  }
  return made.filter((m) => made.some((other) => other.loop === m.loop && other.layer > 1));
}

/** [B, S, ...] as [B, S, width]. */
function flat(leaf: tf.Tensor): tf.Tensor {
  return tf.reshape(leaf, [leaf.shape[0] ?? 0, leaf.shape[1] ?? 0, -1]);
}
