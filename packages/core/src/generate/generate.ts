// Continues prompts token by token.
import { tensor } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { ConfigError } from '../config/parseOptions.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Params } from '../model/params.ts';
import type { Strategy } from '../recurrence/strategy.ts';
import { fold, type Key } from '../rng/random.ts';
import { Decoder, type DecoderOptions } from './decoder.ts';
import { sample } from './sample.ts';

export interface GenerateOptions extends DecoderOptions {
  /** Token ids, one list a sequence; lengths may differ, none may be empty. */
  readonly prompts: readonly ArrayLike<number>[];
  /** Tokens to add to each sequence. */
  readonly tokens: number;
  /** 0 takes the likeliest token; default 0. */
  readonly temperature?: number;
  /** Needed if the temperature is above 0. */
  readonly key?: Key;
}

export interface Generated {
  /** The new tokens of each sequence. */
  readonly tokens: readonly Int32Array[];
  /** Steps that each new token's logits took: the first comes from the prompt, at full depth. */
  readonly depths: readonly Int32Array[];
  /** Counted FLOPs, the prompt included. */
  readonly flops: number;
}

/**
 * Prompts run at full depth; from then on the exit rule stops tokens, and stopped rows cost nothing.
 * @throws ConfigError, StrategyError
 */
export async function generate(
  config: ModelConfig,
  strategy: Strategy,
  params: Params,
  options: GenerateOptions,
): Promise<Generated> {
  const { prompts, tokens, temperature = 0, key, ...rest } = options;
  const rows = prompts.length;
  const longest = Math.max(0, ...prompts.map((p) => p.length));
  if (rows === 0 || prompts.some((p) => p.length === 0))
    throw new ConfigError('every prompt must have a token; start it with one');
  if (!Number.isInteger(tokens) || tokens < 1)
    throw new ConfigError(`tokens must be a whole number >= 1 (got ${tokens})`);
  if (!(temperature >= 0)) throw new ConfigError(`temperature must be >= 0 (got ${temperature})`);
  if (temperature > 0 && !key) throw new ConfigError('a temperature above 0 draws at random; pass key: key(seed)');
  const pad = (r: number): number => longest - (prompts[r] as ArrayLike<number>).length; // r is a row
  const grid = (f: (r: number, j: number) => number): number[] =>
    Array.from({ length: rows * longest }, (_, i) =>
      f(Math.floor(i / longest), (i % longest) - pad(Math.floor(i / longest))),
    );
  const ids = Int32Array.from(grid((r, j) => (j < 0 ? 0 : ((prompts[r] as ArrayLike<number>)[j] as number)))); // j is inside the prompt
  const bad = ids.find((x) => x < 0 || x >= config.vocab);
  if (bad !== undefined)
    throw new ConfigError(
      `token ids must be 0 to ${config.vocab - 1} (got ${bad}); set model.vocab to the tokenizer's`,
    );
  const padded = prompts.some((p) => p.length < longest);
  const keyMask = padded ? tensor(Float32Array.from(grid((_, j) => (j < 0 ? 0 : 1))), [rows, longest]) : undefined;

  const decoder = new Decoder(config, strategy, params, rest);
  const made: Int32Array[] = [];
  const depths: Int32Array[] = [];
  let flops = 0;
  let next: tf.Tensor = tensor(ids, [rows, longest]);
  try {
    for (let n = 0; n < tokens; n++) {
      const first = n === 0;
      const out = await decoder.feed(
        { ids: next, ...(first && keyMask ? { keyMask } : {}) },
        first ? { exit: null } : {},
      );
      const seq = first ? longest : 1;
      const last = tf.tidy(() => tf.slice(out.logits, [0, seq - 1], [rows, 1]));
      out.logits.dispose();
      const token = sample(await last.data(), rows, temperature, fold(key ?? [0, 0], n));
      tf.dispose([last, next]);
      made.push(token);
      depths.push(Int32Array.from({ length: rows }, (_, r) => out.depths[r * seq + seq - 1] as number)); // a depth a token
      flops += out.flops;
      next = tensor(token, [rows, 1]);
    }
  } finally {
    tf.dispose(keyMask ? [next, keyMask] : next);
    decoder.dispose();
  }
  const column = (x: readonly Int32Array[], r: number): Int32Array => Int32Array.from(x, (row) => row[r] as number); // r is a row
  return {
    tokens: prompts.map((_, r) => column(made, r)),
    depths: prompts.map((_, r) => column(depths, r)),
    flops,
  };
}
