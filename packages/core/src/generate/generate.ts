// Continues prompts token by token.
import { tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import type { Inputs } from '../recurrence/plan.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { fold, type Key } from '../rng/random.ts';
import { Decoder, type DecoderOptions, type Sent } from './decoder.ts';
import { sample } from './sample.ts';

/** Short continuations are given room for all of it at once, so that nothing is compiled again on the way. */
const ROOM = 128;

export interface GenerateOptions extends DecoderOptions {
  /** Token ids, one list a sequence; lengths may differ, none may be empty. */
  readonly prompts: readonly ArrayLike<number>[];
  /** Tokens to add to each sequence. */
  readonly tokens: number;
  /** 0 takes the likeliest token; default 0. */
  readonly temperature?: number;
  /** Needed if the temperature is above 0 or the strategy draws noise. */
  readonly key?: Key;
}

export interface Generated {
  /** The new tokens of each sequence. */
  readonly tokens: readonly Int32Array[];
  /** Loops that each new token's logits took: the first comes from the prompt, at full depth. */
  readonly depths: readonly Int32Array[];
  /** Counted FLOPs, the prompt included. */
  readonly flops: number;
}

/**
 * Prompts run at full depth; from then on the exit rule stops tokens. A sequence whose token has come out goes on with
 * its next one beside the later loops of the others, so what stops early costs nothing more.
 * @throws ConfigError, StrategyError
 */
export async function generate(
  config: ModelConfig,
  strategy: Strategy,
  params: Params,
  options: GenerateOptions,
): Promise<Generated> {
  const { prompts, tokens, temperature = 0, ...rest } = options;
  const { key = [0, 0] } = rest;
  if (prompts.length === 0 || prompts.some((p) => p.length === 0))
    throw new ConfigError('every prompt must have a token; start it with one');
  if (!Number.isInteger(tokens) || tokens < 1)
    throw new ConfigError(`tokens must be a whole number >= 1 (got ${tokens})`);
  if (!(temperature >= 0)) throw new ConfigError(`temperature must be >= 0 (got ${temperature})`);
  if (temperature > 0 && !rest.key) throw new ConfigError('a temperature above 0 draws at random; pass key: key(seed)');
  const made = prompts.map(() => ({ tokens: [] as number[], depths: [] as number[] }));
  /** Takes the token that follows; returns it to be sent, if more are wanted. */
  const take = (row: number, logits: Float32Array, depth: number): Sent[] => {
    const own = made[row] as (typeof made)[number]; // rows are the prompts
    const id = sample(logits, temperature, fold(fold(key, own.tokens.length), row));
    own.tokens.push(id);
    own.depths.push(depth);
    return own.tokens.length < tokens ? [{ row, id }] : [];
  };

  const total = Math.max(...prompts.map((p) => p.length)) + tokens;
  const decoder = new Decoder(config, strategy, params, { block: Math.min(total, ROOM), ...rest });
  const prompt = promptTensors(config, prompts);
  try {
    const { logits, depths } = await decoder.feed(prompt, { exit: null });
    const all = (await logits.data()) as Float32Array; // logits are float32
    logits.dispose();
    const seq = all.length / prompts.length / config.vocab;
    await decoder.send(
      prompts.flatMap((_, row) => {
        const last = (row + 1) * seq - 1;
        return take(row, all.subarray(last * config.vocab, (last + 1) * config.vocab), depths[last] ?? 0);
      }),
    );
    for (;;) {
      const arrivals = await decoder.advance();
      if (arrivals.length === 0) break;
      await decoder.send(arrivals.flatMap(({ row, logits, depth }) => take(row, logits, depth)));
    }
    return {
      tokens: made.map((m) => Int32Array.from(m.tokens)),
      depths: made.map((m) => Int32Array.from(m.depths)),
      flops: decoder.flops,
    };
  } finally {
    tf.dispose({ ...prompt });
    decoder.dispose();
  }
}

/** Prompts padded on the left to one length. */
function promptTensors(config: ModelConfig, prompts: readonly ArrayLike<number>[]): Inputs {
  const rows = prompts.length;
  const longest = Math.max(...prompts.map((p) => p.length));
  const ids = new Int32Array(rows * longest);
  const mask = new Float32Array(rows * longest);
  prompts.forEach((prompt, r) => {
    ids.set(prompt, (r + 1) * longest - prompt.length);
    mask.fill(1, (r + 1) * longest - prompt.length, (r + 1) * longest);
  });
  const bad = ids.find((x) => x < 0 || x >= config.vocab);
  if (bad !== undefined)
    throw new ConfigError(
      `token ids must be 0 to ${config.vocab - 1} (got ${bad}); set model.vocab to the tokenizer's`,
    );
  const shape = [rows, longest];
  return { ids: tensor(ids, shape), ...(mask.includes(0) ? { keyMask: tensor(mask, shape) } : {}) };
}
