// Counted work: the floating-point operations of every matrix product, 2 m n k each, and nothing else.
import type { ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { stacksOf } from './layout.ts';
import { planContext, plansOf } from './pass.ts';
import type { Strategy } from './strategy.ts';

/**
 * One application of a stack to `rows` tokens that attend to `pairs` (query, key) pairs in all.
 * Attention counts full rectangles, as they are computed, not the triangle that survives the causal mask.
 */
export function stackFlops(s: StackShape, rows: number, pairs: number): number {
  const linear = 2 * rows * (4 * s.dModel ** 2 + 3 * s.dModel * s.dFF);
  const attention = 2 * 2 * pairs * s.dModel; // scores and mixture
  return s.layers * (linear + attention);
}

/** Reading logits from `rows` states, the coda included. */
export function readoutFlops(
  config: ModelConfig,
  stacks: Readonly<Record<string, StackShape>>,
  rows: number,
  pairs: number,
): number {
  const coda = stacks[CODA];
  return 2 * rows * config.dModel * config.vocab + (coda ? stackFlops(coda, rows, pairs) : 0);
}

/** The strategy's own matrices, each applied to every row once a step. */
export function ownFlops(config: ModelConfig, strategy: Strategy, rows: number): number {
  return strategy
    .params(config)
    .filter((p) => p.shape.length === 2)
    .reduce((n, p) => n + 2 * rows * p.shape.reduce((a, b) => a * b, 1), 0);
}

/**
 * FLOPs of one forward pass over a batch, or of forward and backward with `train` (three times the forward;
 * steps without gradient count once).
 * @param work.readouts how many loops are read out; default 1 (an objective on every loop reads all)
 */
export function flops(
  config: ModelConfig,
  strategy: Strategy,
  work: {
    batch: number;
    seq: number;
    loops?: number;
    train?: boolean;
    readouts?: number;
    hp?: Readonly<Record<string, number>>;
  },
): number {
  const { batch, seq, loops = config.loops, train = false, readouts = 1, hp } = work;
  const rows = batch * seq;
  const pairs = rows * seq;
  const stacks = stacksOf(config, strategy);
  const times = train ? 3 : 1;
  const prelude = stacks[PRELUDE];
  let total = prelude ? times * stackFlops(prelude, rows, pairs) : 0;
  for (const plan of plansOf(strategy, planContext(strategy, config, { loops, train, hp }))) {
    for (const k of plan.steps) {
      const step = stackFlops(stacks[k.core] as StackShape, rows, pairs) + ownFlops(config, strategy, rows); // plans name declared cores
      total += (k.grad ? times : 1) * step;
    }
    total +=
      times * Math.min(readouts, plan.steps.filter((k) => !k.inner).length) * readoutFlops(config, stacks, rows, pairs);
  }
  return total;
}
