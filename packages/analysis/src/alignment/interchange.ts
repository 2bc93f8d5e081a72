// Interchange interventions: put the latent of one problem into another and see whether the answer follows.
import {
  drawNoise,
  fold,
  type Inputs,
  isLoop,
  key,
  type Micro,
  type Params,
  runTrace,
  type State,
  type Trace,
  type TraceOptions,
} from '@looplab/core';
import { compile, tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { type AnalysisContext, assertContext } from '../context.ts';
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
  /** Its answer to the problem whose state was replaced, by the loop after which it was; 0 = before the first. */
  readonly patched: readonly Int32Array[];
}

/**
 * Runs both problems of each patch and, for every loop from 0 (before the first) to the trained depth - 1, replaces the
 * whole state at the patch's place after it by the twin's and goes on to the trained depth (Geiger et al., arXiv
 * 2106.02997). One program, compiled once, for any number of patches.
 * @param size patches of one pass
 */
export function interchange(
  context: AnalysisContext,
  size: number,
): {
  /**
   * @throws KvPolicyError where later loops attend to keys and values of earlier ones, which a patched state does not
   *   have
   */
  run(patches: readonly Patch[]): Promise<Patched>;
  release(): Promise<void>;
} {
  assertContext(context);
  const { model, strategy, params, task, seed } = context;
  const { seq } = task;
  const pass = compile(
    (
      p: Params,
      { ids, twin, mask, ...seen }: Record<'ids' | 'twin' | 'mask', tf.Tensor> & Pick<Inputs, 'segments'>,
      noise: Record<string, tf.Tensor>,
    ) => {
      const traceOf = (of: tf.Tensor, from: Pick<TraceOptions, 'from'> = {}): Trace => {
        const [trace] = runTrace(model, strategy, p, { ids: of, ...seen }, { train: false, noise, ...from });
        if (!trace) throw new Error('a strategy plans at least one trajectory');
        return trace;
      };
      const answers = (t: Trace): tf.Tensor => tf.argMax(t.logits(t.states.length - 1), -1); // [B, S]
      const [a, b] = [traceOf(ids), traceOf(twin)];
      const patched = Array.from({ length: model.loops }, (_, loop) =>
        // without a compiler all that a trace made would be kept to the end
        tf.tidy(() => {
          const state = mix(a.states[loop - 1] ?? a.initial, b.states[loop - 1] ?? b.initial, mask);
          return answers(traceOf(ids, { from: { state, steps: stepsOf(a.plan.steps, loop) } }));
        }),
      );
      return [answers(a), answers(b), ...patched];
    },
    { name: 'interchange' },
  );
  return {
    run: async (patches) => {
      const out = Array.from({ length: 2 + model.loops }, () => new Int32Array(patches.length));
      for (let first = 0; first < patches.length; first += size) {
        const rows = Array.from({ length: size }, (_, r) => patches[Math.min(first + r, patches.length - 1)] as Patch); // filled up
        const mask = new Float32Array(size * seq);
        for (const [r, { place }] of rows.entries()) mask[r * seq + place] = 1;
        const table = (of: (x: Edit) => Int32Array): tf.Tensor =>
          tensor(Int32Array.from(rows.flatMap(({ edit }) => Array.from(of(edit)))), [size, seq]);
        const apart = rows.every(({ edit }) => edit.base.segments);
        const given = {
          ids: table((x) => x.base.ids),
          twin: table((x) => x.ids),
          mask: tensor(mask, [size, seq]),
          ...(apart ? { segments: table((x) => x.base.segments ?? x.ids) } : {}),
        };
        const at = { batch: size, seq, loops: model.loops };
        const noise = { ...drawNoise(model, strategy, at, fold(key(seed), 'interchange')) };
        try {
          const said = await pass(params, given, noise);
          const values = await Promise.all(said.map((t) => t.data()));
          tf.dispose(said);
          for (const [r, { edit }] of rows.slice(0, patches.length - first).entries())
            for (const [k, answers] of out.entries())
              answers[first + r] = values[k]?.[r * seq + edit.base.answerAt] ?? -1;
        } finally {
          tf.dispose([given, noise]);
        }
      }
      const [base, twin, ...patched] = out as [Int32Array, Int32Array, ...Int32Array[]]; // two and one a loop
      return { base, twin, patched };
    },
    release: () => pass.release(),
  };
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
  const ends = steps.flatMap((k, i) => (isLoop(k) ? [i + 1] : []));
  return ends[loop - 1] ?? 0;
}
