// Held-out rows under an exit rule: where each token stops and what it says there.
import { type ExitRule, isLoop, type ThresholdRule } from '@looplab/core';
import * as tf from '@tensorflow/tfjs-core';
import type { AnalysisContext } from '../context.ts';
import { forward, heldOut } from '../forward.ts';

/** Per scored token in the order of rows and positions, and how deep all tokens went. */
export interface RuleOutcome {
  readonly row: Int32Array;
  readonly weight: Float32Array;
  /** 1 where the answer is the target. */
  readonly right: Float64Array;
  /** Loops that the token took. */
  readonly loops: Float64Array;
  /** How many of all tokens, scored or not, took 1, 2, ... loops. */
  readonly depths: readonly number[];
}

/** A rule as {@link ThresholdRule}, or undefined where no number turns it. */
export function turnable(rule: ExitRule): ThresholdRule | undefined {
  return 'withThreshold' in rule && 'scale' in rule ? (rule as ThresholdRule) : undefined; // ThresholdRule's marks
}

/** Thresholds from early to late, evenly spaced by the rule's own law. */
export function thresholdsOf({ scale }: ThresholdRule, count: number): number[] {
  const { early, late, law } = scale;
  const share = Array.from({ length: count }, (_, i) => i / (count - 1));
  if (law === 'linear') return share.map((u) => early + u * (late - early));
  return share.map((u) => Math.exp(Math.log(early) + u * (Math.log(late) - Math.log(early))));
}

/**
 * Runs `rule` at each threshold on all held-out rows, compiled once. Tokens that are done keep their state and its keys
 * and values, as in generation.
 * @param thresholds for a rule that can be turned; without them the rule runs as it is
 */
export async function runRule(
  context: AnalysisContext,
  rule: ExitRule,
  thresholds?: readonly number[],
): Promise<RuleOutcome[]> {
  const { model } = context;
  const turned = turnable(rule);
  const runs = thresholds ?? [0];
  const pass = forward(
    context,
    (trace) => {
      const steps = trace.plan.steps.flatMap((k, i) => (isLoop(k) ? [trace.active[i]] : []));
      const answer = tf.argMax(trace.logits(trace.states.length - 1), -1); // [B, S]
      const ones = tf.onesLike(tf.cast(answer, 'float32'));
      return [answer, steps.map((live) => live ?? ones).reduce((a, b) => tf.add(a, b))];
    },
    {
      loops: model.loops,
      // The threshold comes in as a tensor, so that one program serves all of them.
      exit: (given) => (turned && thresholds ? turned.withThreshold(given[0] as tf.Tensor) : rule), // one is given below
    },
  );
  const kept = runs.map(() => ({
    row: [] as number[],
    weight: [] as number[],
    right: [] as number[],
    loops: [] as number[],
    depths: new Array<number>(model.loops).fill(0),
  }));
  await heldOut(context, async (batch, index, count) => {
    context.progress(`exit rule ${rule.id}: rows ${index * batch.batch + 1} to ${index * batch.batch + count}`);
    for (const [k, threshold] of runs.entries()) {
      const bound = tf.scalar(threshold);
      const [answer, depth] = await pass.run(batch, index, [bound]);
      bound.dispose();
      const to = kept[k];
      if (!to || !answer || !depth) continue;
      for (let i = 0; i < count * batch.seq; i++) {
        if ((batch.keyMask?.[i] ?? 1) === 0) continue;
        const taken = depth[i] ?? 0;
        const at = Math.max(0, Math.min(model.loops, Math.round(taken)) - 1);
        to.depths[at] = (to.depths[at] ?? 0) + 1;
        const weight = batch.weights[i] ?? 0;
        if (!(weight > 0)) continue;
        to.row.push(index * batch.batch + Math.floor(i / batch.seq));
        to.weight.push(weight);
        to.right.push(answer[i] === batch.targets[i] ? 1 : 0);
        to.loops.push(taken);
      }
    }
  });
  await pass.release();
  return kept.map((x) => ({
    row: Int32Array.from(x.row),
    weight: Float32Array.from(x.weight),
    right: Float64Array.from(x.right),
    loops: Float64Array.from(x.loops),
    depths: x.depths,
  }));
}
