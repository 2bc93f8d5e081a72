// How gradients get through a recurrence without being taped all the way: implicit and phantom gradients of a fixed point.
import { treeFlatten, treeUnflatten, vjp } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import type { ExitRule } from '../exit/exitRule.ts';
import { standsAlone } from '../kv/kvPolicy.ts';
import { andersonIteration } from './anderson.ts';
import { type Driver, unroll } from './driver.ts';
import { estimatorSettings } from './estimator.ts';
import type { Pass } from './pass.ts';
import type { Micro, Plan } from './plan.ts';
import { runPlan } from './runPlan.ts';
import { detachState, inOrderOf, mapState, packState, type State } from './state.ts';
import { StrategyError } from './strategyError.ts';
import type { Steps } from './trace.ts';

/**
 * Runs a plan by the strategy's driver and lets gradients through as its estimator has it. Outside training, and with
 * `bptt`, this is the driver alone. Otherwise the driver looks for the fixed point `z*` without gradient, and the
 * plan's last steps are made from there:
 *
 * - implicit: one step `y = f(z*)`. A gradient `dy` that arrives at `y` becomes the `u` that solves `u = dy + J^T u`,
 *   `J = df/dz` at `z*`, before it goes on into parameters and input, which is the gradient of the fixed point itself
 *   (Bai et al. 2019, arXiv 1909.01377, theorem 1). What reaches `z*` ends there.
 * - phantom: k damped steps `z <- tau f(z) + (1 - tau) z`, taped as they are (Geng et al. 2021, arXiv 2111.05177, eq. 9).
 */
export function runEstimated<S extends State>(pass: Pass<S>, plan: Plan, exit?: ExitRule): Steps<S> {
  const { gradient } = pass.strategy;
  const settings = estimatorSettings(gradient);
  if (settings.kind === 'bptt' || !pass.ctx.train) return runPlan(pass, plan, exit);
  const kv = pass.kv;
  const reader = plan.steps.find((k) => !standsAlone(kv, k.t));
  if (reader) {
    throw new StrategyError(
      `strategy ${pass.strategy.id}: gradient ${settings.kind} is that of a fixed point of one step, but with kv policy ${kv.id} step ${reader.t} attends to what other steps wrote; use a policy of a slot a step, such as perLoop`,
    );
  }
  const split = plan.steps.findIndex((k) => k.grad); // plansOf lets the last steps carry gradient
  const [head, tail] = [plan.steps.slice(0, split), plan.steps.slice(split)];
  const solved = head.length > 0 ? runPlan(pass, { ...plan, steps: head }) : undefined;
  const initial = solved?.initial ?? pass.init(plan);
  const { states, active, terms, residuals, last } = runPlan(pass, { ...plan, steps: tail }, undefined, {
    from: detachState(solved?.states.at(-1) ?? initial),
    driver:
      settings.kind === 'implicit'
        ? throughFixedPoint(pass, tail[0] as Micro, settings.iterations) // the last step alone
        : damped(settings.tau),
  });
  return {
    ...{ plan, initial },
    states: [...(solved?.states ?? []), ...states],
    active: [...(solved?.active ?? []), ...active],
    terms: [...(solved?.terms ?? []), ...terms],
    ...(solved?.residuals ? { residuals: [...solved.residuals, ...(residuals ?? [])] } : {}),
    ...(last ? { last } : {}),
  };
}

/** Goes a share of the way that a step leads. */
function damped(tau: number): Driver {
  return {
    ...unroll,
    next: (memory, _, { at, out }) => ({
      memory,
      state: mapState(out, (leaf, name) => tf.add(tf.mul(leaf, tau), tf.mul(at[name] as tf.Tensor, 1 - tau))), // same leaves
      residual: squaredDistance(at, out),
    }),
  };
}

function squaredDistance(a: State, b: State): tf.Tensor {
  return tf.sum(tf.squaredDifference(packState(a).packed, packState(b).packed), 2);
}

/** Step `k` once, from a fixed point: its gradient is solved for instead of handed on. */
function throughFixedPoint<S extends State>(pass: Pass<S>, k: Micro, iterations: number): Driver {
  return {
    ...unroll,
    next: (memory, _, { at, out, live }) => ({
      memory,
      state: solvedFor(pass as Pass<State>, k, live, at, out, iterations) as typeof out,
      residual: squaredDistance(at, out),
    }),
  };
}

/** `y = f(z)` as it is, whose gradient is solved for instead of handed on. */
function solvedFor<S extends State>(
  pass: Pass<S>,
  k: Micro,
  live: tf.Tensor | undefined,
  z: S,
  y: S,
  iterations: number,
): S {
  // By the backward pass, what this forward pass made is gone, except for what is saved: all that a step can read.
  const { leaves, def } = treeFlatten({ reads: pass.reads, z, live });
  const places = leaves.flatMap((x, i) => (x instanceof tf.Tensor ? [i] : []));
  const { packed, unpack } = packState(y);
  const hook = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, (tensors: tf.Tensor[]) => void]; // tfjs hands save over last
    save(places.map((i) => leaves[i] as tf.Tensor));
    return {
      value: x.clone(),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const again = [...leaves];
        places.forEach((place, i) => {
          again[place] = saved[i];
        });
        const then = treeUnflatten(def, again) as { reads: Pass<S>['reads']; z: S; live: tf.Tensor | undefined };
        const step = (s: S): S => pass.over(then.reads).advance(s, k, then.live).state;
        const transposed = (u: tf.Tensor): tf.Tensor => {
          const jTu = packState(inOrderOf(y, vjp(step, then.z, unpack(u)))).packed;
          // A token that is held back is its own fixed point; nothing is solved for it.
          return then.live ? tf.mul(jTu, tf.expandDims(then.live, 2)) : jTu;
        };
        return solveLinear(dy, transposed, iterations);
      },
    };
  });
  return unpack(hook(packed)) as S;
}

/** `u = dy + A u` by Anderson's iteration; of all iterates the one with the smallest residual, token by token. */
function solveLinear(dy: tf.Tensor, a: (u: tf.Tensor) => tf.Tensor, iterations: number): tf.Tensor {
  const iterate = andersonIteration();
  let u = dy;
  let best = dy;
  for (let i = 0; i < iterations; i++) {
    const found = iterate(u, tf.add(dy, a(u)));
    u = found.next;
    best = found.best;
  }
  return best;
}
