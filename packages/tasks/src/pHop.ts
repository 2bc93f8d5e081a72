// p-hop induction: look up what followed the last time, p times in a row.
import { fold, type Key, key, parseOptions, randint } from '@looplab/core';
import { z } from 'zod';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const pHopOptions = z.strictObject({
  hops: whole.min(1).default(16).describe('p: look-ups in a row'),
  alphabet: whole.min(3).max(4096).default(4).describe('different letters'),
  seq: whole.min(2).default(256).describe('letters in a row'),
  score: z
    .enum(['last', 'all'])
    .default('last')
    .describe('which positions are asked: the last, or every one that has p look-ups; validation asks the same'),
  validationSeed: whole.min(0).default(0).describe('seed of the held-out rows'),
});

const TRIES = 1000;

/**
 * One look-up from position `i` goes to the position after the latest earlier occurrence of letter `x_i`; the answer at `i` is the letter
 * where `p` look-ups end (Sanford, Hsu and Telgarsky 2024, hop_p; Saunshi et al. 2025, whose sizes are the defaults). A transformer needs
 * depth of the order of `log p` for it. Symbols are the letters.
 *
 * Letters are uniform among those unlike the one before: a repeated letter would look up itself and end the walk. Rows whose last letter
 * has no `p` look-ups are drawn again when only it is asked; positions without are not scored when all are.
 * Chance is `1 / alphabet`, or `1 / (alphabet - 1)` for one hop, which never ends on the letter it begins with.
 *
 * Held-out rows are drawn apart from training rows, not excluded from them; there are very many.
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = pHop({ hops: 1, alphabet: 4, seq: 6 });
 * task.chain?.([0, 1, 2, 3, 1]).at(-1)?.token; // 2: after the earlier 1 came 2
 */
export function pHop(options: z.input<typeof pHopOptions> = {}): Task {
  const config = parseOptions('task', pHopOptions, options);
  const { hops, alphabet, seq, score } = config;
  if (hops * (alphabet - 1) >= seq) {
    throw new TaskError(
      `pHop: ${hops} look-ups go back about ${hops * (alphabet - 1)} letters, but a row has ${seq}; set seq above that, or fewer hops`,
    );
  }

  const letters = (from: Key): number[] => {
    const x = Array.from(randint(fold(from, 'first'), 1, alphabet));
    for (const draw of randint(from, seq - 1, alphabet - 1)) x.push(draw + (draw >= (x.at(-1) ?? 0) ? 1 : 0));
    return x;
  };

  const row = (from: Key): { x: number[]; answers: (number | undefined)[] } => {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const x = letters(fold(from, attempt));
      const next = lookUps(x);
      const answers = x.map((_, at) => {
        if (score === 'last' && at < seq - 1) return undefined;
        const end = walk(next, at, hops)[hops - 1];
        return end === undefined ? undefined : x[end];
      });
      if (answers.some((answer) => answer !== undefined)) return { x, answers };
    }
    throw new TaskError(`pHop: no row of ${seq} letters with ${hops} look-ups in ${TRIES} tries; set seq higher`);
  };

  const fill = (from: Key, batch: number, first: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    for (let r = 0; r < batch; r++) {
      const { x, answers } = row(fold(from, first + r));
      out.ids.set(x, r * seq);
      out.targets.set(
        answers.map((answer) => answer ?? 0),
        r * seq,
      );
      out.weights.set(
        answers.map((answer) => (answer === undefined ? 0 : 1)),
        r * seq,
      );
    }
    return out;
  };

  return {
    name: 'pHop',
    vocab: alphabet,
    seq,
    chance: 1 / (hops === 1 ? alphabet - 1 : alphabet),
    metric: 'accuracy',
    config: { name: 'pHop', ...config },
    train: (seed, step, batch) => fill(fold(fold(key(seed), 'pHop/train'), step), batch, 0),
    validation: (index, batch) => fill(fold(key(config.validationSeed), 'pHop/validation'), batch, index * batch),
    decode: (ids) => Array.from(ids, String).join(' '),
    chainSteps: hops,
    chain: (ids) => {
      const x = Array.from(ids);
      const next = lookUps(x);
      const asked = x.map((_, at) => at).filter((at) => score === 'all' || at === x.length - 1);
      return asked.flatMap((position): ChainStep[] => {
        const ends = walk(next, position, hops);
        return ends.length < hops
          ? []
          : ends.map((end, hop) => ({
              problem: position,
              position,
              token: x[end] ?? 0,
              text: `after the ${x[hop === 0 ? position : (ends[hop - 1] ?? 0)]} before came ${x[end]}`,
            }));
      });
    },
  };
}

/** Where one look-up leads from each position; undefined where the letter has not occurred before. */
function lookUps(x: readonly number[]): (number | undefined)[] {
  const latest = new Map<number, number>();
  return x.map((letter, at) => {
    const before = latest.get(letter);
    latest.set(letter, at);
    return before === undefined ? undefined : before + 1;
  });
}

/** The ends of the first `hops` look-ups, or fewer where there are no more. */
function walk(next: readonly (number | undefined)[], from: number, hops: number): number[] {
  const ends: number[] = [];
  let at = next[from];
  while (at !== undefined && ends.length < hops) {
    ends.push(at);
    at = next[at];
  }
  return ends;
}
