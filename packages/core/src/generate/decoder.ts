// Cached decoding: tokens go in, logits come out, and rows whose tokens have all stopped are not computed any further.
import { compile, type RopeTables, ropeTables } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ExitRule } from '../exit/exitRule.ts';
import { keptSlots } from '../kv/keptSlots.ts';
import type { KvPolicy } from '../kv/kvPolicy.ts';
import { slotKey } from '../kv/kvSlots.ts';
import { bindParams, type Weights } from '../model/bind.ts';
import { assertSeq, type ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import { CODA, PRELUDE, type StackShape } from '../model/specs.ts';
import { stackFlops } from '../recurrence/flops.ts';
import { assertStrategy, ownNames, stacksOf } from '../recurrence/layout.ts';
import { planContext, plansOf } from '../recurrence/pass.ts';
import type { Inputs, Micro, Plan } from '../recurrence/plan.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { StrategyError } from '../recurrence/strategyError.ts';
import {
  type Chosen,
  type DecodeSetup,
  decodeBegin,
  decodeRead,
  decodeStep,
  type Past,
  type Rows,
} from './decodeStep.ts';
import { Feed } from './feed.ts';
import { KvCache } from './kvCache.ts';
import { TensorPool } from './tensorPool.ts';

export interface DecoderOptions {
  /** Loops to run at most; default `model.loops`. */
  readonly loops?: number;
  /** Instead of the strategy's rule. */
  readonly exit?: ExitRule;
  /** Instead of the strategy's policy. */
  readonly kv?: KvPolicy;
  readonly hp?: Readonly<Record<string, number>>;
  /** Tokens by which the cache's buffers grow; default 32. */
  readonly block?: number;
}

export interface Decoded {
  /** [batch, seq, vocab], read where each token stopped; the caller disposes of it. */
  readonly logits: tf.Tensor;
  /** Steps each token took, row-major [batch, seq]. */
  readonly depths: Int32Array;
  /** Counted FLOPs: the matrix products of the rows that were computed. */
  readonly flops: number;
}

/** Holds the cache of a batch of sequences that grow together. */
export class Decoder {
  readonly #setup: DecodeSetup;
  readonly #weights: Weights;
  readonly #stacks: Readonly<Record<string, StackShape>>;
  readonly #cache: KvCache;
  readonly #bound = new TensorPool();
  readonly #begin: (
    w: Weights,
    ids: tf.Tensor,
    mask: tf.Tensor | undefined,
    past: Past,
    plan: Plan,
  ) => Promise<ReturnType<typeof decodeBegin>>;
  readonly #step: (
    w: Weights,
    rows: Rows,
    past: Past,
    k: Micro,
    chosen: Chosen,
  ) => Promise<ReturnType<typeof decodeStep>>;
  readonly #read: (w: Weights, rows: Rows, past: Past) => Promise<ReturnType<typeof decodeRead>>;
  #batch: number | undefined;

  /** Binds the parameters, which must outlive the decoder. Call {@link dispose} when done. */
  constructor(config: ModelConfig, strategy: Strategy, params: Params, options: DecoderOptions = {}) {
    assertStrategy(config, strategy);
    if (strategy.noise) {
      throw new StrategyError(
        `strategy ${strategy.id}: noise() is not implemented in generation; evaluate with runTrace`,
      );
    }
    const { loops = config.loops, exit = strategy.exit, kv = strategy.kv, hp, block = 32 } = options;
    this.#stacks = stacksOf(config, strategy);
    if (exit.needs.includes('halt') && !strategy.halt) {
      throw new StrategyError(
        `exit rule ${exit.id} needs a halting gate, which strategy ${strategy.id} does not have; use another rule, such as fixedDepth`,
      );
    }
    if (exit.needs.includes('logits') && CODA in this.#stacks) {
      throw new StrategyError(
        `exit rule ${exit.id} needs logits after every step, which generation does not implement for a model with a coda; set model.coda to 0 or use another rule`,
      );
    }
    const setup = { config, strategy, kv, exit, loops, hp };
    this.#setup = setup;
    this.#cache = new KvCache(block);
    this.#weights = this.#bound.run(() => bindParams(params, this.#stacks, ownNames(config, strategy)));
    for (const p of Object.values(params)) this.#bound.release(p); // only what was derived from them is ours
    this.#begin = compile((w, ids, mask, past, plan) => decodeBegin(setup, w, ids, mask, past, plan), {
      name: 'decodeBegin',
    });
    this.#step = compile((w, rows, past, k, chosen) => decodeStep(setup, w, rows, past, k, chosen), {
      name: 'decodeStep',
    });
    this.#read = compile((w, rows, past) => decodeRead(setup, w, rows, past), { name: 'decodeRead' });
  }

  /** Tokens decoded so far. */
  get length(): number {
    return this.#cache.length;
  }

  /**
   * Appends tokens to every sequence and reads them.
   * @param inputs `ids` int32 [batch, seq]; `keyMask` 0 for padding, which only makes sense to the left; `depth` the
   *   steps each token takes at most
   * @param options.exit a rule for these tokens only; `null` runs them to full depth, as a prompt should be
   * @throws ConfigError if the batch size changes or the sequence outgrows the model
   */
  async feed(inputs: Inputs, options: { exit?: null } = {}): Promise<Decoded> {
    const { config, strategy, loops, hp } = this.#setup;
    const [batch, seq] = inputs.ids.shape as [number, number]; // [batch, seq]
    this.#batch ??= batch;
    if (batch !== this.#batch)
      throw new ConfigError(
        `the decoder holds ${this.#batch} sequences (got ids for ${batch}); make one decoder a batch`,
      );
    assertSeq(config, seq, this.length);
    const plans = plansOf(strategy, planContext(strategy, config, { loops, train: false, inputs, hp }));
    const [{ depth, ...plan }] = plans as [Plan]; // there is at least one
    if (plans.length > 1)
      throw new StrategyError(
        `strategy ${strategy.id}: plan() returned ${plans.length} trajectories; generation implements one`,
      );
    const limits = depth ? await depth.data() : undefined;
    if (limits?.some((x) => x < 1))
      throw new ConfigError(`depth must be >= 1 for every token (got ${Math.min(...limits)})`);
    const pool = new TensorPool();
    try {
      const rope = pool.run(() => this.#rope(seq));
      const prelude = slotKey(PRELUDE, 0);
      const offset = pool.run(() => tf.scalar(this.length));
      const past = { prefix: this.#cache.prefix([prelude]), here: {}, latest: {}, rope, offset };
      const begun = pool.own(await this.#begin(this.#weights, inputs.ids, inputs.keyMask, past, plan));
      const { vocab } = config;
      const memory = pool.run(() => this.#setup.exit.init({ batch, seq, vocab, loops: plan.steps.length, noise: {} }));
      const feed = new Feed(
        {
          ...this.#setup,
          stacks: this.#stacks,
          cache: this.#cache,
          pool,
          rope,
          offset,
          step: (rows, seen, k, chosen) => this.#step(this.#weights, rows, seen, k, chosen),
          limits,
          mayExit: options.exit !== null,
        },
        { ids: inputs.ids, e: begun.e, state: begun.state, memory, keyMask: inputs.keyMask },
        begun.written,
      );
      const shape = this.#stacks[PRELUDE];
      if (shape) feed.flops += stackFlops(shape, batch * seq, batch * seq * feed.context);
      for (const k of plan.steps) await feed.step(k);
      const read = pool.own(await this.#read(this.#weights, feed.rows, feed.past([slotKey(CODA, 0)])));
      feed.wroteReadout(read.written);
      await this.#cache.append(
        pool.run(() => keptSlots(this.#setup.kv, feed.written)),
        seq,
        inputs.keyMask,
      );
      return { logits: pool.release(read.logits), depths: feed.depths, flops: feed.flops };
    } finally {
      pool.dispose();
    }
  }

  /** Rotary tables of the next `seq` positions for every head width. */
  #rope(seq: number): Record<string, RopeTables> {
    const widths = new Set(Object.values(this.#stacks).map((s) => s.dModel / s.heads));
    return Object.fromEntries(
      [...widths].map((w) => [w, ropeTables(seq, w, this.#setup.config.ropeTheta, this.length)]),
    );
  }

  /** Frees the cache and what was derived from the parameters. */
  dispose(): void {
    this.#cache.dispose();
    this.#bound.dispose();
  }
}
