// The plain driver: the plan's steps one after another.
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

/** What `exit` wants to see of loop `t`; nothing else is computed. */
export function exitView<S extends State>(pass: Pass<S>, exit: ExitRule, t: number, before: S, state: S): ExitView {
  const [batch, seq] = pass.ctx.inputs.ids.shape as [number, number];
  return {
    loop: tf.fill([batch, seq], t + 1),
    before,
    state,
    ...(exit.needs.includes('halt') ? { halt: pass.halt(state) } : {}),
    ...(exit.needs.includes('logits') ? { logits: pass.read(state) } : {}),
    ...(exit.needs.includes('residual') ? { residual: squaredChange(before, state) } : {}),
  };
}

/** The tokens of a parallel pass, as an exit rule meets them. */
export function exitStart<S extends State>(pass: Pass<S>, plan: Plan, exit: ExitRule): ExitStart {
  const { config, inputs } = pass.ctx;
  const [batch, seq] = inputs.ids.shape as [number, number];
  const loops = plan.steps.filter(isLoop).length;
  const { noise } = exit;
  const drawn = noise ? drawNoise(config, { noise: () => noise.specs(loops) }, { batch, seq, loops }, noise.key) : {};
  return { batch, seq, vocab: config.vocab, loops, noise: drawn };
}

/** With an exit rule, tokens that are done keep their state; every step is still computed for the whole batch. */
function runSteps<S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule): Steps<S> {
  const initial = pass.init(plan);
  const states: S[] = [];
  const active: (tf.Tensor | undefined)[] = [];
  const terms: Readonly<Record<string, tf.Tensor>>[] = [];
  let memory: ExitMemory = exit?.init(exitStart(pass, plan, exit)) ?? {};
  let done: tf.Tensor | undefined;
  let state = initial;
  let before = initial; // where the loop began
  let last: Steps<S>['last'];
  for (const k of plan.steps) {
    const live = liveMask(pass, plan, state, k, done);
    const out = pass.advance(state, k, live);
    if (exit && isLoop(k)) {
      const seen = exit.check(memory, exitView(pass, exit, states.length, before, out.state));
      memory = seen.memory;
      done = done ? tf.maximum(done, seen.done) : seen.done;
    }
    if (!k.ahead) last = { k, active: live, before: state, after: out.state };
    state = out.state;
    if (isLoop(k)) {
      states.push(state);
      before = state;
    }
    active.push(live);
    terms.push(out.terms);
  }
  const aheadState = plan.steps.at(-1)?.ahead ? { aheadState: state } : {};
  return { plan, initial, states, active, terms, ...(last ? { last } : {}), ...aheadState };
}

/** Every step once, in order. */
export const unroll: Driver = { id: 'unroll', options: {}, run: runSteps };
