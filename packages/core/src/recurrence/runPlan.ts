// The one loop over a plan's steps that everything in parallel is made of.
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule, ExitStart, ExitView } from '../exit/exitRule.ts';
import type { Driver } from './driver.ts';
import { drawNoise } from './noise.ts';
import type { Pass } from './pass.ts';
import { isLoop, type Micro, type Plan } from './plan.ts';
import { type State, squaredChange } from './state.ts';
import { stopGradient } from './stopGradient.ts';
import type { Steps } from './trace.ts';

/** Which tokens compute step `k`, [batch, seq] 0/1: those that neither strategy, depth mask nor exit rule holds back. */
export function liveMask<S extends State>(
  pass: Pass<S>,
  plan: Plan,
  state: S,
  k: Micro,
  done: tf.Tensor | undefined,
): tf.Tensor | undefined {
  const parts: tf.Tensor[] = [];
  // A choice has no gradient, and the comparisons it is made of have none in tfjs.
  if (pass.strategy.active) parts.push(stopGradient(pass.strategy.active(state, k, pass.ctx)));
  if (plan.depth) parts.push(tf.cast(tf.greater(plan.depth, k.t), 'float32'));
  if (done) parts.push(tf.sub(1, done));
  return parts.length === 0 ? undefined : parts.reduce((a, b) => tf.mul(a, b));
}

/** What there is to see of a loop. A `residual` is squared, and not the change of the state. */
export interface Loop<S extends State> {
  /** [batch, seq], from 1. */
  readonly loop: tf.Tensor;
  readonly before: S;
  readonly state: S;
  readonly residual?: tf.Tensor | undefined;
  /** If they have been read already. */
  readonly logits?: tf.Tensor | undefined;
}

/** What `exit` wants to see of a loop; nothing else is computed. */
export function exitView<S extends State>(pass: Pass<S>, exit: ExitRule, made: Loop<S>): ExitView {
  const { loop, before, state, residual, logits } = made;
  return {
    ...{ loop, before, state },
    ...(exit.needs.includes('halt') ? { halt: pass.halt(state) } : {}),
    ...(exit.needs.includes('logits') ? { logits: logits ?? pass.read(state) } : {}),
    ...(exit.needs.includes('residual') ? { residual: residual ?? squaredChange(before, state) } : {}),
  };
}

/** The tokens of a parallel pass, as an exit rule meets them. */
function exitStart<S extends State>(pass: Pass<S>, plan: Plan, exit: ExitRule): ExitStart {
  const { config, inputs } = pass.ctx;
  const [batch, seq] = inputs.ids.shape as [number, number];
  const loops = plan.steps.filter(isLoop).length;
  const { noise } = exit;
  const drawn = noise ? drawNoise(config, { noise: () => noise.specs(loops) }, { batch, seq, loops }, noise.key) : {};
  return { batch, seq, vocab: config.vocab, loops, noise: drawn };
}

/**
 * Evaluates the plan's steps where a driver has it, by default the strategy's. With an exit rule, tokens that are done keep
 * their state; every step is still computed for the whole batch.
 * @param options.from where to start instead of the strategy's `init`
 */
export function runPlan<S extends State>(
  pass: Pass<S>,
  plan: Plan,
  exit?: ExitRule,
  options: { readonly driver?: Driver; readonly from?: S } = {},
): Steps<S> {
  const { driver = pass.strategy.driver, from: initial = pass.init(plan) } = options;
  const states: S[] = [];
  const active: (tf.Tensor | undefined)[] = [];
  const terms: Readonly<Record<string, tf.Tensor>>[] = [];
  const residuals: tf.Tensor[] = [];
  let seen: ExitMemory = exit?.init(exitStart(pass, plan, exit)) ?? {};
  let done: tf.Tensor | undefined;
  let memory = driver.init(initial);
  let state = initial;
  let before = initial; // where the loop began
  let last: Steps<S>['last'];
  for (const k of plan.steps) {
    const at = driver.place(memory, state);
    const live = liveMask(pass, plan, at, k, done);
    const made = pass.advance(at, k, live);
    const next = driver.next(memory, state, { at, out: made.state, live });
    if (exit && isLoop(k)) {
      const { state: after, residual } = next;
      const loop = tf.fill(pass.ctx.inputs.ids.shape, states.length + 1);
      const checked = exit.check(seen, exitView(pass, exit, { loop, before, state: after, residual }));
      seen = checked.memory;
      done = done ? tf.maximum(done, checked.done) : checked.done;
    }
    if (!k.ahead) last = { k, active: live, before: at, after: made.state };
    ({ memory, state } = next);
    if (isLoop(k)) {
      states.push(state);
      if (next.residual) residuals.push(next.residual);
      before = state;
    }
    active.push(live);
    terms.push(made.terms);
  }
  return {
    ...{ plan, initial, states, active, terms },
    ...(residuals.length > 0 ? { residuals } : {}),
    ...(last ? { last } : {}),
    ...(plan.steps.at(-1)?.ahead ? { aheadState: state } : {}),
  };
}
