// Counted work: the floating-point operations of every matrix product, 2 m n k each, and nothing else.
import { type KvPolicy, viewsAt } from '../kv/kvPolicy.ts';
import type { ModelConfig } from '../model/config.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { estimatorSettings } from './estimator.ts';
import { stacksOf } from './layout.ts';
import { planContext, plansOf } from './pass.ts';
import { isLoop, type Micro } from './plan.ts';
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

/** Step `k`: the core, with the keys that `kv` lets it make and read, and the strategy's own matrices. */
export function stepFlops(
  config: ModelConfig,
  strategy: Strategy,
  kv: KvPolicy,
  k: Micro,
  work: { shape: StackShape; rows: number; pairs: number },
): number {
  const { shape, rows, pairs } = work;
  const slots = viewsAt(kv, k.t).reduce((n, v) => n + v.slots.length, 0);
  const unmade = kv.slot(k.t) === null ? 2 * rows * 2 * shape.dModel ** 2 * shape.layers : 0; // keys and values
  const own =
    strategy.products?.(config, k) ??
    strategy
      .params(config)
      .filter((p) => p.shape.length === 2)
      .reduce((n, p) => n + p.shape.reduce((a, b) => a * b, 1), 0);
  const once = strategy.productsOnce?.(config, k) ?? 0;
  return stackFlops(shape, rows, pairs * slots) - unmade + 2 * (rows * own + once);
}

/** Adding the adapters to the weights, once a pass. */
function adapterFlops(stacks: Readonly<Record<string, StackShape>>): number {
  return Object.values(stacks).reduce((n, { layers, dModel, dFF, adapters }) => {
    const { variants, rank } = adapters ?? { variants: 0, rank: 0 };
    return n + variants * layers * 2 * rank * (4 * dModel ** 2 + 3 * dModel * dFF);
  }, 0);
}

/**
 * FLOPs of one forward pass over a batch, or of forward and backward with `train` (three times the forward;
 * steps without gradient count once). An implicit gradient adds its iterations, each the backward of a step towards its
 * state: once the step's products with weights, twice its attention.
 * @param work.readouts how many loops of each trajectory are read out: so many, the last one (default), those with
 *   gradient, or all
 * @param work.jacobian whether the objective asks for the step's Jacobian, which takes another step
 * @param work.begun whether leading steps are made by calls of their own, for which the prelude is computed once more
 */
export function flops(
  config: ModelConfig,
  strategy: Strategy,
  work: {
    batch: number;
    seq: number;
    loops?: number;
    train?: boolean;
    readouts?: number | 'last' | 'gradient' | 'all';
    hp?: Readonly<Record<string, number>>;
    jacobian?: boolean;
    begun?: boolean;
  },
): number {
  const { batch, seq, loops = config.loops, train = false, readouts = 'last', hp, jacobian, begun } = work;
  const rows = batch * seq;
  const pairs = rows * seq;
  const stacks = stacksOf(config, strategy);
  const times = train ? 3 : 1;
  const prelude = stacks[PRELUDE];
  const estimator = estimatorSettings(train ? strategy.gradient : 'bptt');
  const opening = prelude ? stackFlops(prelude, rows, pairs) : 0;
  let total = times * (opening + adapterFlops(stacks)) + (begun ? opening : 0);
  for (const plan of plansOf(strategy, planContext(strategy, config, { loops, train, hp }))) {
    const step = (k: Micro, seen = pairs): number =>
      stepFlops(config, strategy, strategy.kv, k, { shape: stacks[k.core] as StackShape, rows, pairs: seen }); // plans name declared cores
    for (const k of plan.steps) total += (k.grad ? times : 1) * step(k);
    const last = plan.steps.at(-1) as Micro; // a plan has a step
    if (jacobian) total += (last.grad ? times : 1) * step(last);
    if (estimator.kind === 'implicit') total += estimator.iterations * step(last, 2 * pairs);
    const loopSteps = plan.steps.filter(isLoop);
    const read = { last: 1, gradient: loopSteps.filter((k) => k.grad).length, all: loopSteps.length };
    const count = Math.min(typeof readouts === 'number' ? readouts : read[readouts], loopSteps.length);
    total += times * count * readoutFlops(config, stacks, rows, pairs);
  }
  return total;
}
