// Which threshold of an exit rule gives which mean depth, accuracy and cost on held-out tokens.
import { compile, tensor, toArray } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import { PRELUDE, type StackShape } from '../model/specs.ts';
import { readoutFlops, stackFlops, stepFlops } from '../recurrence/flops.ts';
import { stacksOf } from '../recurrence/layout.ts';
import { drawNoise } from '../recurrence/noise.ts';
import { planContext, plansOf } from '../recurrence/pass.ts';
import { type Inputs, isLoop, type Plan } from '../recurrence/plan.ts';
import { chosenTrajectory, runWithContext } from '../recurrence/runTrace.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import type { Trace } from '../recurrence/trace.ts';
import { fold, type Key } from '../rng/random.ts';
import type { ExitRule, ThresholdRule } from './exitRule.ts';

/** Tokens with the answers that are wanted, row-major [batch, seq]; a task's batch is one. */
export interface LabelledTokens {
  readonly ids: Int32Array;
  readonly targets: Int32Array;
  /** How much each position counts; 0 = not scored. */
  readonly weights: Float32Array;
  /** 0 where a token is padding. */
  readonly keyMask?: Float32Array;
  readonly batch: number;
  readonly seq: number;
}

export interface CalibrateOptions {
  readonly rule: ThresholdRule;
  /** At least one, all of one shape. */
  readonly batches: readonly LabelledTokens[];
  /** Thresholds of the table; default nine along the rule's scale. */
  readonly thresholds?: readonly number[];
  /** The mean number of loops to be met. */
  readonly targetDepth?: number;
  /** Loops to run at most; default `model.loops`. */
  readonly loops?: number;
  /** Seeds the noise of strategies that need some. */
  readonly key?: Key;
}

export interface Calibrated {
  readonly threshold: number;
  /** Loops a scored token takes, on average. */
  readonly meanLoops: number;
  /** Share of scored tokens whose likeliest answer is right, read where each stopped. */
  readonly accuracy: number;
  /** Counted FLOPs of a scored token in a context as long as the rows: prelude, its loops and its readouts. */
  readonly flops: number;
}

export interface Calibration {
  /** One entry a threshold, from leaving early to leaving late. */
  readonly table: readonly Calibrated[];
  /** The latest threshold found whose mean depth is at most `targetDepth`; left out without one. */
  readonly chosen?: Calibrated;
}

/** Halvings of the scale in search of a depth: its last step is a millionth of the scale. */
const HALVINGS = 20;
const TABLE = 9;

/**
 * Runs held-out tokens under the rule at several thresholds, each pass as generation would: tokens that stop keep their
 * state and show it to those after them. Tokens that are not scored run to full depth, as a prompt does.
 * @param params as from `initParams(paramSpecs(config, strategy), key)`
 * @throws ConfigError if no threshold gives a mean depth as small as `targetDepth`
 */
export async function calibrate(
  config: ModelConfig,
  strategy: Strategy,
  params: Params,
  options: CalibrateOptions,
): Promise<Calibration> {
  const { rule, batches, loops = config.loops, key = [0, 0], targetDepth } = options;
  const [first] = batches;
  if (!first) throw new ConfigError('calibrate needs a batch of held-out tokens; set batches');
  const measure = compile(
    (p: Params, tokens: Tokens, threshold: tf.Tensor) =>
      sums(config, strategy, p, loops, rule.withThreshold(threshold), tokens),
    { name: 'calibrate' },
  );
  const tokens = batches.map((b, i) => tensorsOf(config, strategy, b, loops, fold(key, i)));
  const cost = costOf(config, strategy, rule, loops, first.seq);
  const known = new Map<number, Calibrated>();
  const at = async (threshold: number): Promise<Calibrated> => {
    const before = known.get(threshold);
    if (before) return before;
    const scalar = tensor(Float32Array.of(threshold), []);
    let [depth, correct, weight] = [0, 0, 0];
    for (const batch of tokens) {
      const out = await measure(params, batch, scalar);
      const [d = 0, c = 0, w = 0] = await toArray(out);
      out.dispose();
      depth += d;
      correct += c;
      weight += w;
    }
    scalar.dispose();
    const meanLoops = depth / weight;
    const found = { threshold, meanLoops, accuracy: correct / weight, flops: cost(meanLoops) };
    known.set(threshold, found);
    return found;
  };
  try {
    const { early, late } = rule.scale;
    const grid = options.thresholds ?? Array.from({ length: TABLE }, (_, i) => along(rule.scale, i / (TABLE - 1)));
    const thresholds = [...new Set(grid)].sort((a, b) => (a - b) * Math.sign(late - early));
    const table: Calibrated[] = [];
    for (const threshold of thresholds) table.push(await at(threshold));
    if (targetDepth === undefined) return { table };
    return { table, chosen: await search(rule, targetDepth, at) };
  } finally {
    for (const batch of tokens) tf.dispose([batch.targets, batch.weights, { ...batch.inputs }, { ...batch.noise }]);
    await measure.release();
  }
}

/** The latest threshold whose mean depth is at most `target`, by halving the scale. */
async function search(
  rule: ThresholdRule,
  target: number,
  at: (threshold: number) => Promise<Calibrated>,
): Promise<Calibrated> {
  const last = await at(along(rule.scale, 1));
  if (last.meanLoops <= target) return last;
  let best = await at(along(rule.scale, 0));
  if (best.meanLoops > target) {
    throw new ConfigError(
      `no threshold of ${rule.id} gives a mean depth of ${target} loops (the least is ${best.meanLoops.toFixed(2)}); set a deeper targetDepth`,
    );
  }
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    const found = await at(along(rule.scale, middle));
    if (found.meanLoops > target) high = middle;
    else {
      low = middle;
      best = found;
    }
  }
  return best;
}

/** The threshold at a share `u` of the way from early to late. */
function along({ early, late, law }: ThresholdRule['scale'], u: number): number {
  if (law === 'log') return early * (late / early) ** u;
  const linear = early + (late - early) * u;
  return law === 'whole' ? Math.round(linear) : linear;
}

interface Tokens {
  readonly inputs: Inputs;
  readonly targets: tf.Tensor;
  readonly weights: tf.Tensor;
  readonly noise: Readonly<Record<string, tf.Tensor>>;
}

function tensorsOf(config: ModelConfig, strategy: Strategy, b: LabelledTokens, loops: number, key: Key): Tokens {
  const { batch, seq } = b;
  const shape = [batch, seq];
  return {
    inputs: { ids: tensor(b.ids, shape), ...(b.keyMask ? { keyMask: tensor(b.keyMask, shape) } : {}) },
    targets: tensor(b.targets, shape),
    weights: tensor(b.weights, shape),
    noise: drawNoise(config, strategy, { batch, seq, loops }, key),
  };
}

/** [3]: loops of scored tokens, right answers among them, and their weight. Traceable. */
function sums(
  config: ModelConfig,
  strategy: Strategy,
  params: Params,
  loops: number,
  rule: ExitRule,
  { inputs, targets, weights, noise }: Tokens,
): tf.Tensor {
  const scored = tf.cast(tf.greater(weights, 0), 'float32');
  const exit: ExitRule = {
    ...rule,
    check: (memory, now) => {
      const seen = rule.check(memory, now);
      return { ...seen, done: tf.mul(seen.done, scored) };
    },
  };
  const { traces, ctx } = runWithContext(config, strategy, params, inputs, { train: false, loops, noise, exit });
  const chosen = chosenTrajectory(strategy, traces, ctx);
  const ofChosen = (f: (trace: Trace) => tf.Tensor): tf.Tensor =>
    (strategy.choose ? traces : traces.slice(0, 1))
      .map((trace, i) => tf.mul(f(trace), tf.cast(tf.equal(chosen, i), 'float32'))) // [batch, seq]
      .reduce((a, b) => tf.add(a, b));
  const depth = ofChosen(depthOf);
  const right = ofChosen((t) => tf.cast(tf.equal(tf.argMax(t.logits(t.states.length - 1), -1), targets), 'float32'));
  return tf.stack([tf.sum(tf.mul(depth, weights)), tf.sum(tf.mul(right, weights)), tf.sum(weights)]);
}

/** Loops that each token of a trace computed, [batch, seq]. */
function depthOf(trace: Trace): tf.Tensor {
  const [batch, seq] = (Object.values(trace.initial)[0] as tf.Tensor).shape as [number, number]; // a state has a leaf
  const loops = trace.plan.steps.flatMap((k, i) => (isLoop(k) ? [trace.active[i] ?? tf.ones([batch, seq])] : []));
  return loops.reduce((a, b) => tf.add(a, b));
}

/** FLOPs of a token that takes so many loops of the first trajectory. */
function costOf(
  config: ModelConfig,
  strategy: Strategy,
  rule: ExitRule,
  loops: number,
  seq: number,
): (depth: number) => number {
  const stacks = stacksOf(config, strategy);
  const [plan] = plansOf(strategy, planContext(strategy, config, { loops, train: false })) as [Plan]; // there is one
  const work = { rows: 1, pairs: seq };
  const all = plan.steps.reduce(
    (n, k) => n + stepFlops(config, strategy, strategy.kv, k, { ...work, shape: stacks[k.core] as StackShape }), // plans name declared cores
    0,
  );
  const loop = all / plan.steps.filter(isLoop).length;
  const prelude = stacks[PRELUDE];
  const once = prelude ? stackFlops(prelude, 1, seq) : 0;
  const readout = readoutFlops(config, stacks, 1, seq);
  return (depth) => once + depth * loop + readout * (rule.needs.includes('logits') ? depth : 1);
}
