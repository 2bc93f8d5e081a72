// Interchange interventions: put the latent of one problem into another and see whether the answer follows.
import { drawNoise, fold, key, type Micro, type Params, runTrace, type State } from '@looplab/core';
import { compile, tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type AnalysisContext, assertContext, batchOf } from '../context.ts';
import { endsLoop } from '../forward.ts';
import type { Edit } from './edits.ts';

/** A state taken from the twin at one place, after one loop. */
export interface Patch {
  readonly edit: Edit;
  /** Place of the row whose state is replaced. */
  readonly place: number;
}

/** What the model says to each patched problem. */
export interface Patched {
  /** Its answer without a patch. */
  readonly base: Int32Array;
  /** Its answer to the twin. */
  readonly twin: Int32Array;
  /** Its answer to the problem whose state was replaced. */
  readonly patched: Int32Array;
}

/**
 * Runs both problems of each patch for `loop` loops, replaces the whole state at the patch's place by the twin's, and
 * goes on to the trained depth (Geiger et al., arXiv 2106.02997).
 * @param loop 0 (before the first) to the trained depth - 1
 * @throws KvPolicyError where later loops attend to keys and values of earlier ones, which a patched state does not
 *   have
 */
export async function interchange(context: AnalysisContext, patches: readonly Patch[], loop: number): Promise<Patched> {
  assertContext(context);
  const { model, strategy, params, task, seed } = context;
  const { seq } = task;
  const size = Math.min(batchOf(context), Math.max(1, patches.length));
  const pass = compile(
    (p: Params, ids: tf.Tensor, twin: tf.Tensor, mask: tf.Tensor, noise: Record<string, tf.Tensor>) => {
      const options = { train: false, noise };
      const [a] = runTrace(model, strategy, p, { ids }, options);
      const [b] = runTrace(model, strategy, p, { ids: twin }, options);
      if (!a || !b) throw new Error('a strategy plans at least one trajectory');
      const [from, to] = [a.states[loop - 1] ?? a.initial, b.states[loop - 1] ?? b.initial];
      const [c] = runTrace(
        model,
        strategy,
        p,
        { ids },
        {
          ...options,
          from: { state: mix(from, to, mask), steps: stepsOf(a.plan.steps, loop) },
        },
      );
      if (!c) throw new Error('a strategy plans at least one trajectory');
      return [a, b, c].map((t) => tf.argMax(t.logits(t.states.length - 1), -1)); // [B, S] each
    },
    { name: 'interchange' },
  );
  const out = {
    base: new Int32Array(patches.length),
    twin: new Int32Array(patches.length),
    patched: new Int32Array(patches.length),
  };
  for (let first = 0; first < patches.length; first += size) {
    const rows = Array.from({ length: size }, (_, r) => patches[Math.min(first + r, patches.length - 1)] as Patch); // filled up
    const mask = new Float32Array(size * seq);
    for (const [r, { place }] of rows.entries()) mask[r * seq + place] = 1;
    const table = (of: (x: Edit) => Int32Array): tf.Tensor =>
      tensor(Int32Array.from(rows.flatMap(({ edit }) => Array.from(of(edit)))), [size, seq]);
    const given = [table((x) => x.base.ids), table((x) => x.ids), tensor(mask, [size, seq])] as const;
    const at = { batch: size, seq, loops: model.loops };
    const noise = { ...drawNoise(model, strategy, at, fold(key(seed), 'interchange')) };
    let values: (Float32Array | Int32Array | Uint8Array)[];
    try {
      const said = await pass(params, ...given, noise);
      values = await Promise.all(said.map((t) => t.data()));
      tf.dispose(said);
    } finally {
      tf.dispose([...given, ...Object.values(noise)]);
    }
    const [base, twin, patched] = values;
    for (const [r, { edit }] of rows.entries()) {
      if (first + r >= patches.length) break;
      const answerAt = r * seq + edit.base.answerAt;
      out.base[first + r] = base?.[answerAt] ?? -1;
      out.twin[first + r] = twin?.[answerAt] ?? -1;
      out.patched[first + r] = patched?.[answerAt] ?? -1;
    }
  }
  await pass.release();
  return out;
}

/** `to` where `mask` [B, S] is 1, else `from`. */
function mix(from: State, to: State, mask: tf.Tensor): State {
  return Object.fromEntries(
    Object.entries(from).map(([name, leaf]) => {
      const m = tf.reshape(mask, [...mask.shape, ...new Array<number>(leaf.rank - 2).fill(1)]);
      const other = to[name] as tf.Tensor; // states of one strategy have the same leaves
      return [name, tf.add(tf.mul(leaf, tf.sub(1, m)), tf.mul(other, m))];
    }),
  );
}

/** Steps of a plan up to and including the one that ends its `loop`-th loop. */
function stepsOf(steps: readonly Micro[], loop: number): number {
  const ends = steps.flatMap((k, i) => (endsLoop(k) ? [i + 1] : []));
  return ends[loop - 1] ?? 0;
}
