// Think-at-Hard: tokens that a decider finds hard are thought over again, as a mixture of their likeliest answers, by an adapted model.
import { linear } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { parseOptions } from '../../config/parseOptions.ts';
import { qExit } from '../../exit/qExit.ts';
import { upToDepth } from '../../kv/upToDepth.ts';
import type { ModelConfig } from '../../model/config.ts';
import { CORE } from '../../model/specs.ts';
import { logSigmoid } from '../halting.ts';
import type { State } from '../state.ts';
import { stopGradient } from '../stopGradient.ts';
import type { Ctx, Strategy } from '../strategy.ts';
import { fixedLoops } from './fixedLoops.ts';
import { assertWholeModel, softInput } from './softInput.ts';

export const thinkAtHardOptions = z.strictObject({
  topK: z
    .number()
    .int()
    .min(1)
    .default(100)
    .describe('likeliest tokens that are mixed, and whose logits the decider reads'),
  rank: z.number().int().min(1).default(16).describe('rank of the adapters that act from the second iteration on'),
  threshold: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.8)
    .describe('a token goes on while its probability of having gone on so far and of going on again is above this'),
  deciderWidth: z.number().int().min(1).optional().describe('hidden width of the decider (default: model.dModel)'),
  positiveWeight: z.number().positive().default(5.4).describe("weight of hard tokens in the decider's loss"),
});

interface Thinking extends State {
  /** Last output of the core, [batch, seq, dModel]. */
  readonly h: tf.Tensor;
  /** Logits of all iterations added up, [batch, seq, vocab]. */
  readonly logits: tf.Tensor;
  /** Log-probability of having gone on after every iteration so far, [batch, seq]. */
  readonly goOn: tf.Tensor;
}

/**
 * arXiv 2511.08577: `h_0 = core(e)`; a token that goes on is given the embeddings of its `topK` likeliest answers, mixed,
 * and passes again with low-rank adapters; logits add up. Attention is causal in position and in iteration. The paper
 * makes at most 2 iterations (`model.loops`). A decider, two layers on `h` and the largest log-probabilities, says who goes on;
 * the first stage trains the model with an oracle in its place: a token goes on while its prediction is wrong (or as
 * long as the batch's `depth` says). The paper starts from a pretrained model, whose first prediction is the oracle, and
 * trains the last readout alone; from scratch the first must be trained along, else the model learns to be wrong at
 * first, which tells the second pass what not to say.
 */
export function thinkAtHard(options: z.input<typeof thinkAtHardOptions> = {}): Strategy<Thinking> {
  const resolved = parseOptions('strategy', thinkAtHardOptions, options);
  const { topK, rank, threshold, deciderWidth, positiveWeight } = resolved;
  const { plan, driver, gradient } = fixedLoops();
  const features = ({ dModel, vocab }: ModelConfig): number => dModel + Math.min(topK, vocab);
  /** Logit of going on, [batch, seq]. */
  const decide = (s: Pick<Thinking, 'h' | 'logits'>, { model, config }: Ctx<Thinking>): tf.Tensor => {
    const likeliest = tf.topk(stopGradient(tf.logSoftmax(s.logits)), Math.min(topK, config.vocab)).values;
    const hidden = linear(
      tf.concat([s.h, likeliest], 2),
      model.param('decider.in.weight'),
      model.param('decider.in.bias'),
    );
    const silu = tf.mul(hidden, tf.sigmoid(hidden));
    return tf.squeeze(linear(silu, model.param('decider.out.weight'), model.param('decider.out.bias')), [2]);
  };
  return {
    ...{ plan, driver, gradient },
    id: 'thinkAtHard',
    options: resolved,
    gives: ['readouts', 'halt'],
    cores: () => [{ name: CORE, adapters: { variants: 1, rank } }],
    params: (config) => {
      const width = deciderWidth ?? config.dModel;
      const init = { normal: config.initStd };
      return [
        { name: 'decider.in.weight', shape: [width, features(config)], init, decay: true },
        { name: 'decider.in.bias', shape: [width], init: 'zeros', decay: false },
        { name: 'decider.out.weight', shape: [1, width], init, decay: true },
        { name: 'decider.out.bias', shape: [1], init: 'zeros', decay: false },
      ];
    },
    check: (config) => assertWholeModel('thinkAtHard', config),
    init: (ctx) => {
      const [batch, seq] = ctx.inputs.ids.shape as [number, number]; // [batch, seq]
      return { h: ctx.e, logits: tf.zeros([batch, seq, ctx.config.vocab]), goOn: tf.zeros([batch, seq]) };
    },
    active: (s, k, { inputs, train }) => {
      const { targets, weights, depth } = inputs;
      if (k.t === 0 || depth) return tf.onesLike(s.goOn);
      if (!train) return tf.cast(tf.greater(s.goOn, Math.log(threshold)), 'float32');
      if (!targets) return tf.onesLike(s.goOn);
      const wrong = tf.cast(tf.notEqual(tf.argMax(s.logits, 2), targets), 'float32');
      return weights ? tf.mul(wrong, tf.cast(tf.greater(weights, 0), 'float32')) : wrong;
    },
    step: (s, k, ctx) => {
      const { core, model } = ctx;
      const h = k.t === 0 ? core(ctx.e) : core(softInput(s.logits, topK, model), { variant: 0 });
      const logits = tf.add(s.logits, model.head(h));
      return { h, logits, goOn: tf.add(s.goOn, logSigmoid(decide({ h, logits }, ctx))) };
    },
    halt: (s, ctx) => tf.neg(decide(s, ctx)),
    read: (s) => s.logits,
    // The head of the last iteration is counted with the readout.
    products: (config, k) => {
      const width = deciderWidth ?? config.dModel;
      return width * (features(config) + 1) + (k.t === 0 ? 0 : 2 * config.vocab * config.dModel);
    },
    kv: upToDepth(),
    exit: qExit({ threshold: 1 - threshold }),
    stages: [
      { name: 'oracle', objective: { id: 'everyLoop' }, trainable: 'all', carry: 'none' },
      {
        name: 'decider',
        objective: { id: 'decider', positiveWeight },
        trainable: ['strategy.thinkAtHard.decider.*'],
        carry: 'none',
      },
    ],
  };
}
