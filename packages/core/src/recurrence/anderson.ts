// Anderson acceleration: looks for a step's fixed point by combining the last few evaluations.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { ExitMemory, ExitRule } from '../exit/exitRule.ts';
import type { Driver } from './driver.ts';
import type { Pass } from './pass.ts';
import type { Plan } from './plan.ts';
import { freeze, packState, type State } from './state.ts';
import { stopGradient } from './stopGradient.ts';
import type { Steps } from './trace.ts';
import { exitStart, exitView, liveMask } from './unroll.ts';

export const andersonOptions = z.strictObject({
  memory: z.number().int().min(1).default(5).describe('evaluations that are combined'),
  mixing: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('share of the evaluations in the next iterate; the rest is where they were made'),
  ridge: z
    .number()
    .positive()
    .default(1e-4)
    .describe('added to the diagonal of the least-squares problem, as a share of it'),
});

type AndersonOptions = z.input<typeof andersonOptions>;

/** What an evaluation leads to; every tensor starts with [batch, seq]. */
export interface Iterate {
  /** Where to evaluate next, [batch, seq, width]. */
  readonly next: tf.Tensor;
  /** The evaluation with the smallest residual so far, token by token, [batch, seq, width]. */
  readonly best: tf.Tensor;
  /** `|f(z) - z|^2` of this evaluation, [batch, seq]. */
  readonly residual: tf.Tensor;
}

/**
 * A function to be fed `z` and `f(z)`, [batch, seq, width], that says where to evaluate next:
 * `z' = sum_i a_i (b f(z_i) + (1 - b) z_i)` over the last `memory` evaluations, the weights `a` (of sum 1) making
 * `|sum_i a_i (f(z_i) - z_i)|` smallest (Walker & Ni 2011; Bai et al. 2019, arXiv 1909.01377, use it with memory 5).
 *
 * Each token has a least-squares problem of its own. With one problem for a whole row, as in the DEQ code, the weights of
 * a token depend on later tokens: as long as the iteration has not converged, the future leaks into the past.
 * @param live [batch, seq] 0/1 with each call: tokens at 0 are left out of `best`
 */
export function andersonIteration(
  options: AndersonOptions = {},
): (z: tf.Tensor, fz: tf.Tensor, live?: tf.Tensor) => Iterate {
  const { memory, mixing, ridge } = parseOptions('driver', andersonOptions, options);
  const mixed: tf.Tensor[] = []; // b f + (1 - b) z
  const gaps: tf.Tensor[] = []; // f - z
  let gram: tf.Tensor[][] = []; // <g_i, g_j>, each [batch, seq]
  let best: tf.Tensor | undefined;
  let lowest: tf.Tensor | undefined;
  return (at, fz, live) => {
    const gap = tf.sub(fz, at);
    if (gaps.length === memory) {
      mixed.shift();
      gaps.shift();
      gram = gram.slice(1).map((row) => row.slice(1));
    }
    mixed.push(mixing === 1 ? fz : tf.add(tf.mul(fz, mixing), tf.mul(at, 1 - mixing)));
    gaps.push(gap);
    const products = gaps.map((g) => tf.sum(tf.mul(g, gap), 2));
    gram = [...gram.map((row, i) => [...row, products[i] as tf.Tensor]), products];
    const residual = products.at(-1) as tf.Tensor; // of the gap with itself
    if (!best || !lowest) {
      [best, lowest] = [fz, residual];
    } else {
      let better = tf.cast(tf.less(stopGradient(residual), stopGradient(lowest)), 'float32'); // a choice has no gradient
      if (live) better = tf.mul(better, live);
      const isBetter = tf.cast(better, 'bool');
      lowest = tf.where(isBetter, residual, lowest);
      best = tf.where(tf.expandDims(isBetter, 2), fz, best);
    }
    const weights = mixed.length === 1 ? [undefined] : tf.unstack(leastSquares(gram, ridge), 2); // one [batch, seq] each
    const next = mixed
      .map((x, i) => (weights[i] ? tf.mul(x, tf.expandDims(weights[i] as tf.Tensor, 2)) : x))
      .reduce((a, b) => tf.add(a, b));
    return { next, best, residual };
  };
}

/**
 * Weights of sum 1 that make `a^T G a` smallest, [batch, seq, n]: `(G + ridge diag G)^-1 1`, scaled. The ridge is a share
 * of each diagonal entry, so that the answer does not depend on how far the iteration has come.
 */
function leastSquares(gram: readonly (readonly tf.Tensor[])[], ridge: number): tf.Tensor {
  const n = gram.length;
  const ones = tf.onesLike(gram[0]?.[0] as tf.Tensor); // n >= 1
  const rows = gram.map((row, i) =>
    tf.stack(
      [...row.map((g, j) => (i === j ? tf.add(tf.mul(g, 1 + ridge), TINY) : g)), ones], // the last column is the right side
      2,
    ),
  );
  let system = tf.stack(rows, 2); // [batch, seq, n, n + 1]
  for (let p = 0; p < n; p++) {
    // Gauss-Jordan; a matrix with such a diagonal is positive definite, so no pivot is searched for
    const pivotRow = tf.slice(system, [0, 0, p, 0], [-1, -1, 1, -1]);
    const pivot = tf.slice(pivotRow, [0, 0, 0, p], [-1, -1, -1, 1]);
    const unit = tf.tensor(
      Array.from({ length: n }, (_, i) => (i === p ? 1 : 0)),
      [1, 1, n, 1],
    );
    const column = tf.sub(tf.slice(system, [0, 0, 0, p], [-1, -1, -1, 1]), unit);
    system = tf.sub(system, tf.mul(column, tf.div(pivotRow, pivot)));
  }
  const solution = tf.squeeze(tf.slice(system, [0, 0, 0, n], [-1, -1, -1, 1]), [3]); // [batch, seq, n]
  return tf.div(solution, tf.sum(solution, 2, true));
}

/** Far below the square of any residual that matters; keeps a converged iteration from dividing by 0. */
const TINY = 1e-18;

/**
 * Evaluates the step where Anderson's iteration says, once for each step of the plan. The state after loop t is the
 * evaluation with the smallest residual among the first t, token by token, and so is what is read at the end. Inner
 * steps have no place here: the step itself is solved for.
 */
export function anderson(options: AndersonOptions = {}): Driver {
  const resolved = parseOptions('driver', andersonOptions, options);
  return {
    id: 'anderson',
    options: resolved,
    run<S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule): Steps<S> {
      const initial = pass.init(plan);
      const { unpack } = packState(initial);
      const iterate = andersonIteration(resolved);
      const states: S[] = [];
      const active: (tf.Tensor | undefined)[] = [];
      const terms: Readonly<Record<string, tf.Tensor>>[] = [];
      const residuals: tf.Tensor[] = [];
      let memory: ExitMemory = exit?.init(exitStart(pass, plan, exit)) ?? {};
      let done: tf.Tensor | undefined;
      let state = initial; // where the step is evaluated
      let last: Steps<S>['last'];
      for (const k of plan.steps) {
        const live = liveMask(pass, plan, state, k, done);
        const out = pass.advance(state, k, live);
        const found = iterate(packState(state).packed, packState(out.state).packed, live);
        const best = unpack(found.best);
        if (exit) {
          const seen = exit.check(memory, {
            ...exitView(pass, exit, states.length, states.at(-1) ?? initial, best),
            ...(exit.needs.includes('residual') ? { residual: found.residual } : {}),
          });
          memory = seen.memory;
          done = done ? tf.maximum(done, seen.done) : seen.done;
        }
        last = { k, active: live, before: state, after: out.state };
        states.push(best);
        active.push(live);
        terms.push(out.terms);
        residuals.push(found.residual);
        const next = unpack(found.next);
        state = live ? freeze(live, state, next) : next;
      }
      return { plan, initial, states, active, terms, residuals, ...(last ? { last } : {}) };
    },
  };
}
