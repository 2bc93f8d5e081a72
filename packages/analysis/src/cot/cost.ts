// What an answer costs in latent steps and in written ones, and where both are equally right.
import { flops, type ModelConfig, type Strategy } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import type { Estimate } from '../statistics/interval.ts';

/** One way to answer: a number of loops without a word, or a written chain. */
export interface AnswerCost {
  readonly loops: number;
  /** Symbols generated for an answer, the answer included. */
  readonly tokens: number;
  /** Counted FLOPs of one problem: the prompt, and every generated symbol with a cache. */
  readonly flops: number;
  /** Measured elsewhere; NaN if not. */
  readonly milliseconds: number;
  readonly accuracy: Estimate;
}

/**
 * Counted FLOPs of reading a prompt and generating `tokens` symbols after it with a cache, one row. The first symbol
 * comes from the prompt's pass; each later one costs one token at the length reached.
 */
export function answerFlops(
  model: ModelConfig,
  strategy: Strategy,
  work: { readonly prompt: number; readonly tokens: number; readonly loops: number },
): number {
  const { prompt, tokens, loops } = work;
  if (!(prompt >= 1 && tokens >= 1))
    throw new AnalysisError(`a prompt and an answer have at least one symbol each (got ${prompt} and ${tokens})`);
  let total = flops(model, strategy, { batch: 1, seq: prompt, loops });
  for (let length = prompt + 1; length < prompt + tokens; length++)
    total += flops(model, strategy, { batch: 1, seq: length, loops }) / length; // a row of `length` tokens, each attending to `length`
  return total;
}

/** Latent against written at equal accuracy. */
export interface EqualAccuracy {
  readonly latent: AnswerCost;
  readonly written: AnswerCost;
  /** Symbols that thinking silently saves, an answer. */
  readonly tokensSaved: number;
  /** Written over latent. */
  readonly flopsRatio: number;
  readonly millisecondsRatio: number;
}

/**
 * The cheapest latent answer that is not measurably worse than the written one: the 95% interval of the difference of both
 * accuracies reaches 0 (Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I, method 10).
 * @returns undefined where no number of loops does
 */
export function atEqualAccuracy(latent: readonly AnswerCost[], written: AnswerCost): EqualAccuracy | undefined {
  const { value, lo } = written.accuracy;
  const enough = latent.filter(({ accuracy: a }) => a.value + Math.hypot(a.hi - a.value, value - lo) >= value);
  const [first, ...rest] = enough;
  if (!first) return undefined;
  const best = rest.reduce((a, b) => (b.flops < a.flops ? b : a), first);
  return {
    latent: best,
    written,
    tokensSaved: written.tokens - best.tokens,
    flopsRatio: written.flops / best.flops,
    millisecondsRatio: written.milliseconds / best.milliseconds,
  };
}
