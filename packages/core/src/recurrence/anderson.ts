// Anderson acceleration: looks for a step's fixed point by combining the last few evaluations.
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../config/parseOptions.ts';
import type { Driver } from './driver.ts';
import { freeze, packState, type State } from './state.ts';
import { stopGradient } from './stopGradient.ts';

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
type Settings = z.output<typeof andersonOptions>;

/** How far an iteration has come. Its slots are filled from the last on. */
export interface Iteration extends State {
  /** Where to evaluate next, [batch, seq, width]. */
  readonly next: tf.Tensor;
  /** The evaluation with the smallest residual so far, token by token, [batch, seq, width], and that residual. */
  readonly best: tf.Tensor;
  readonly lowest: tf.Tensor;
  /** `b f(z) + (1 - b) z` and `f(z) - z` of the last evaluations, [batch, seq, memory, width]. */
  readonly mixed: tf.Tensor;
  readonly gaps: tf.Tensor;
  /** Products of the gaps with each other, [batch, seq, memory, memory]. */
  readonly gram: tf.Tensor;
  /** [batch, seq, memory]: 1 where a slot is filled. */
  readonly filled: tf.Tensor;
}

/** Before the first evaluation, which is made at `z`, [batch, seq, width]. */
function beginIteration({ memory }: Settings, z: tf.Tensor): Iteration {
  const [batch, seq, width] = z.shape as [number, number, number];
  const slots = tf.zeros([batch, seq, memory, width]);
  const none = tf.zeros([batch, seq]);
  return {
    ...{ next: z, best: z, lowest: none, mixed: slots, gaps: slots },
    ...{ gram: tf.zeros([batch, seq, memory, memory]), filled: tf.zeros([batch, seq, memory]) },
  };
}

/** Takes in an evaluation: `fz` at `z`, both [batch, seq, width]. `residual` is `|f(z) - z|^2`, [batch, seq]. */
function takeIn(
  { mixing, ridge }: Settings,
  was: Iteration,
  z: tf.Tensor,
  fz: tf.Tensor,
): { is: Iteration; residual: tf.Tensor } {
  const gap = tf.sub(fz, z);
  const residual = tf.sum(tf.square(gap), 2);
  const isFirst = tf.equal(tf.sum(was.filled, 2), 0);
  const isBetter = tf.logicalOr(isFirst, tf.less(stopGradient(residual), stopGradient(was.lowest))); // a choice has no gradient
  const mixed = push(was.mixed, mixing === 1 ? fz : tf.add(tf.mul(fz, mixing), tf.mul(z, 1 - mixing)));
  const gaps = push(was.gaps, gap);
  const filled = push(was.filled, tf.onesLike(residual));
  const gram = border(was.gram, tf.sum(tf.mul(gaps, tf.expandDims(gap, 2)), 3));
  const weights = leastSquares(gram, filled, ridge);
  const next = tf.sum(tf.mul(mixed, tf.expandDims(weights, 3)), 2);
  const best = tf.where(tf.expandDims(isBetter, 2), fz, was.best);
  const lowest = tf.where(isBetter, residual, was.lowest);
  return { is: { next, best, lowest, mixed, gaps, gram, filled }, residual };
}

/** The oldest slot of [batch, seq, slots, ...] makes room for `x`. */
function push(slots: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const newest = tf.expandDims(x, 2);
  const rest = tf.slice(slots, [0, 0, 1], [-1, -1, -1]);
  return (slots.shape[2] ?? 0) === 1 ? newest : tf.concat([rest, newest], 2);
}

/** The oldest row and column of [batch, seq, slots, slots] make room for `row`, [batch, seq, slots], the last of a symmetric matrix. */
function border(matrix: tf.Tensor, row: tf.Tensor): tf.Tensor {
  const newest = tf.expandDims(row, 2);
  const rest = (row.shape[2] ?? 0) - 1;
  if (rest === 0) return newest;
  const column = tf.expandDims(tf.slice(row, [0, 0, 0], [-1, -1, rest]), 3);
  return tf.concat([tf.concat([tf.slice(matrix, [0, 0, 1, 1], [-1, -1, -1, -1]), column], 3), newest], 2);
}

/**
 * A function to be fed `z` and `f(z)`, [batch, seq, width], that says where to evaluate next, and `|f(z) - z|^2`:
 * `z' = sum_i a_i (b f(z_i) + (1 - b) z_i)` over the last `memory` evaluations, the weights `a` (of sum 1) making
 * `|sum_i a_i (f(z_i) - z_i)|` smallest (Walker & Ni 2011; Bai et al. 2019, arXiv 1909.01377, use it with memory 5).
 *
 * Each token has a least-squares problem of its own. With one problem for a whole row, as in the DEQ code, the weights of
 * a token depend on later tokens: as long as the iteration has not converged, the future leaks into the past.
 */
export function andersonIteration(
  options: AndersonOptions = {},
): (z: tf.Tensor, fz: tf.Tensor) => Iteration & { readonly residual: tf.Tensor } {
  const settings = parseOptions('driver', andersonOptions, options);
  let iteration: Iteration | undefined;
  return (at, fz) => {
    const { is, residual } = takeIn(settings, iteration ?? beginIteration(settings, at), at, fz);
    iteration = is;
    return { ...is, residual };
  };
}

/**
 * Weights of sum 1 that make `a^T G a` smallest, [batch, seq, n]: `(G + ridge diag G)^-1 1`, scaled. The ridge is a share
 * of each diagonal entry, so that the answer does not depend on how far the iteration has come. Slots that are not
 * filled weigh nothing.
 * @param gram [batch, seq, n, n], 0 where a slot is not filled
 */
function leastSquares(gram: tf.Tensor, filled: tf.Tensor, ridge: number): tf.Tensor {
  const n = filled.shape[2] ?? 0;
  const eye = tf.eye(n);
  const matrix = tf.add(tf.mul(gram, tf.add(tf.mul(eye, ridge), 1)), tf.mul(eye, TINY));
  let system = tf.concat([matrix, tf.expandDims(filled, 3)], 3); // [batch, seq, n, n + 1]
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
  const settings = parseOptions('driver', andersonOptions, options);
  return {
    id: 'anderson',
    options: settings,
    init: (state) => {
      const { best: _, ...memory } = beginIteration(settings, packState(state).packed); // the best is the state
      return memory;
    },
    place: (memory, state) => packState(state).unpack(memory.next as tf.Tensor),
    next: (memory, state, { at, out, live }) => {
      const { packed, unpack } = packState(state);
      const was = { ...memory, best: packed } as unknown as Iteration; // what init made
      const { is, residual } = takeIn(settings, was, packState(at).packed, packState(out).packed);
      const { best, ...then } = live ? freeze(live, was, is) : is;
      return { memory: then, state: unpack(best), residual };
    },
  };
}
