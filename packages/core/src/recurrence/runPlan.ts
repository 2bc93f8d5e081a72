// The one loop over a plan's steps that everything in parallel is made of.
import * as tf from '@tensorflow/tfjs-core';
import type { ExitMemory, ExitRule, ExitStart, ExitView } from '../exit/exitRule.ts';
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

/** What `exit` wants to see of loop `t`; nothing else is computed. A `residual` is squared, and not the change of the state. */
export function exitView<S extends State>(
  pass: Pass<S>,
  exit: ExitRule,
  t: number,
  { before, state, residual }: { readonly before: S; readonly state: S; readonly residual?: tf.Tensor | undefined },
): ExitView {
  const [batch, seq] = pass.ctx.inputs.ids.shape as [number, number];
  return {
    loop: tf.fill([batch, seq], t + 1),
    before,
    state,
    ...(exit.needs.includes('halt') ? { halt: pass.halt(state) } : {}),
    ...(exit.needs.includes('logits') ? { logits: pass.read(state) } : {}),
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
 * Evaluates the plan's steps where the strategy's driver has it. With an exit rule, tokens that are done keep their
 * state; every step is still computed for the whole batch.
 */
export function runPlan<S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule): Steps<S> {
  const { driver } = pass.strategy;
  const initial = pass.init(plan);
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
      const { residual } = next;
      const checked = exit.check(seen, exitView(pass, exit, states.length, { before, state: next.state, residual }));
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
