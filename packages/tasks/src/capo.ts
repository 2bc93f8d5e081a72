// Capo: biographies of made-up people, to measure how many bits of knowledge a model's parameters hold.
import { fold, type Key, key, parseOptions, randint } from '@looplab/core';
import { z } from 'zod';
import { drawPeople } from './bioPeople.ts';
import { bioPools, bioValues, nameSpace, spelling } from './bioPools.ts';
import { bioAdverbs, bioOrder, bioPhrases, bioTails } from './bioSentences.ts';
import { ATTACHED, bioSpelling, EOS, longestBiography, oddsOfGuessing, valueWords } from './bioSpelling.ts';
import { draws } from './draws.ts';
import { shuffledIndex } from './shuffledIndex.ts';
import { emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const capoOptions = z.strictObject({
  people: whole.min(1).max(2_000_000).default(20_000).describe('N: different people'),
  wording: z
    .enum(['fresh', 'fixed'])
    .default('fresh')
    .describe('new wording at every exposure (bioS), or one text for each person (bioS simple)'),
  order: z
    .enum(['shuffled', 'fixed'])
    .default('shuffled')
    .describe('order of the sentences; the city of work always comes after the employer, of whom it tells'),
  tokens: z
    .enum(['words', 'pieces'])
    .default('words')
    .describe('a symbol for each word (2449 symbols), or names, cities and years in two pieces (440 symbols)'),
  packing: z
    .enum(['none', 'open', 'masked'])
    .default('none')
    .describe(
      'one biography a row; or as many whole ones as always fit, which see those before them (open) or do not (masked)',
    ),
  seq: whole.min(1).optional().describe('symbols in a row; default: the longest biography (packing none) or 512'),
  rowsPerStep: whole
    .min(1)
    .optional()
    .describe(
      'rows in a step, as train.batch: then everybody is seen equally often; default: people are drawn at random',
    ),
  peopleSeed: whole.min(0).default(0).describe('seed of the people'),
  validationSeed: whole.min(0).default(0).describe('seed of the wording in validation'),
});

/** Attributes of `TaskBatch.attributes`, from 1. */
const ATTRIBUTES = ['name', ...bioValues] as const;

/**
 * Biographies of `N` people (bioS(N): Allen-Zhu and Li 2024, Part 3.3; Capo in Part 4.1 and in Ouro 6.1). A person has a unique name out
 * of `N0 = 400 * 400 * 1000`, a gender, a birth date (12 x 28 x 200), a birth city (200), a university (300), a major (100) and an employer
 * (263, each in one of 133 cities), all uniform and independent. A biography is six sentences, each worded in one of 48 ways: `Marlen
 * Torwyn Ashford was born on March 5 , 1914 . She …`. Pools and wordings are made up here, in the published sizes; cities have no state.
 * The vocabulary holds nothing but the symbols that occur, `<eos>` first, which begins and ends each biography.
 *
 * Validation goes over the people once, in fresh wording (with `wording: 'fixed'`, in their own), and scores only the symbols that tell a
 * name or a value: it measures what training stored, nothing is held out. Training scores all symbols. Chance is the mean over these
 * symbols of one in as many as can stand there.
 *
 * **Bits.** `task.knowledge` has `people = N`, the size of each attribute's pool and `N0`; each batch says in `attributes` which
 * attribute a target tells (the gender only at its first pronoun). With `nll` in nats and sums over validation rows,
 *
 *     p1 = (sum of nll where the attribute is `name`) / N        p2 = (sum of nll at all other attributes) / N
 *     learned bits = N (log2 N0 - p1 / ln 2) + N (log2 S0 - p2 / ln 2)        log2 S0 = sum of log2 of the pools = 47.59
 *     most bits = N log2(N0 / N) + N log2 S0
 *
 * (Part 3.3, Definition and Theorem; Ouro's Definition 1 lost its fraction bars.) For one attribute, `log2 size - p / ln 2` of its own.
 * There is no clipping: an untrained model can have negative bits. The ideal `p1` is `ln N`, not 0, as any name may come next.
 *
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = capo({ people: 100 });
 * task.decode(task.validation(0, 1).ids); // `<eos> Berina Corton Fairby was born in …`
 */
export function capo(options: z.input<typeof capoOptions> = {}): Task {
  const parsed = parseOptions('task', capoOptions, options);
  const { people, packing, wording, rowsPerStep } = parsed;
  const { vocabulary, spell, id } = bioSpelling(parsed.tokens === 'pieces');
  const longest = 1 + longestBiography(spell);
  const seq = parsed.seq ?? (packing === 'none' ? longest : 512);
  const perRow = packing === 'none' ? 1 : Math.floor(seq / longest);
  if (seq < longest)
    throw new TaskError(`capo: seq must be >= ${longest} to hold the longest biography (got ${seq}); raise seq`);
  const rows = Math.ceil(people / perRow);
  const world = fold(key(parsed.peopleSeed), 'capo');
  const personOf = lazily(() => drawPeople(fold(world, 'people'), people));

  /** Symbols of a biography without `<eos>`, and the attribute that each tells. */
  const biography = (person: number, wordingKey: Key): { ids: number[]; tells: number[] } => {
    const next = draws(wording === 'fixed' ? fold(fold(world, 'wording'), person) : wordingKey);
    const own = personOf()(person);
    const ids: number[] = [];
    const tells: number[] = [];
    const say = (words: readonly string[], attribute = 0): void => {
      for (const word of words) {
        ids.push(id(word));
        tells.push(word === ',' ? 0 : attribute);
      }
    };
    const attributeOf = (value: (typeof ATTRIBUTES)[number]): number => ATTRIBUTES.indexOf(value) + 1;
    for (const [place, topic] of bioOrder(next, parsed.order === 'shuffled').entries()) {
      if (place === 0) say(own.name.flatMap(spell), attributeOf('name'));
      else say(spell(spelling(bioPools.gender, own.gender)), place === 1 ? attributeOf('gender') : 0);
      say(pick(bioAdverbs, next));
      say(pick(bioPhrases[topic], next));
      say(valueWords(topic, own, spell), topic === 'workCity' ? 0 : attributeOf(topic));
      say(pick(bioTails, next));
      say(['.']);
    }
    return { ids, tells };
  };

  /** Rows of people, `perRow` to each; `who` gives the place in the row its person, or none. */
  const fill = (
    batch: number,
    who: (row: number, place: number) => number | undefined,
    wordingOf: (row: number) => Key,
    scored: 'all' | 'knowledge',
  ): TaskBatch => {
    const out = emptyBatch(batch, seq);
    const attributes = new Int32Array(batch * seq);
    const segments = packing === 'none' ? undefined : new Int32Array(batch * seq);
    const eos = id(EOS);
    out.ids.fill(eos);
    for (let row = 0; row < batch; row++) {
      let at = row * seq;
      for (let place = 0; place < perRow; place++) {
        const person = who(row, place);
        if (person === undefined) continue;
        const { ids, tells } = biography(person, fold(wordingOf(row), place));
        const length = ids.length + 1;
        out.ids.set([eos, ...ids], at);
        out.targets.set([...ids, eos], at);
        attributes.set(tells, at);
        out.weights.set(scored === 'all' ? new Array(length).fill(1) : tells.map((tell) => (tell > 0 ? 1 : 0)), at);
        segments?.fill(place, at, at + length);
        at += length;
      }
      segments?.fill(perRow, at, (row + 1) * seq); // what is filled up belongs to nobody
    }
    return { ...out, attributes, ...(segments ? { segments, isolated: packing === 'masked' } : {}) };
  };

  return {
    name: 'capo',
    vocab: vocabulary.length,
    seq,
    chance: oddsOfGuessing(spell),
    metric: 'accuracy',
    validationRows: rows,
    knowledge: {
      people,
      nameSpace,
      attributes: ATTRIBUTES.map((name) => ({ name, choices: name === 'name' ? nameSpace : bioPools[name].size })),
    },
    config: { name: 'capo', ...parsed, seq },
    train: (seed, step, batch) => {
      if (rowsPerStep !== undefined && rowsPerStep !== batch) {
        throw new TaskError(
          `capo: a step has ${batch} rows, but rowsPerStep is ${rowsPerStep}; set task.rowsPerStep and train.batch to the same number`,
        );
      }
      const stream = fold(key(seed), 'capo/train');
      const from = fold(stream, step);
      const byChance = (row: number, place: number): number =>
        randint(fold(fold(from, row), 'person'), perRow, people)[place] ?? 0;
      const inTurn = (row: number, place: number): number => {
        const count = (step * batch + row) * perRow + place;
        return shuffledIndex(fold(fold(stream, 'pass'), Math.floor(count / people)), people)(count % people);
      };
      return fill(batch, rowsPerStep === undefined ? byChance : inTurn, (row) => fold(from, row), 'all');
    },
    validation: (index, batch) => {
      const first = (index % Math.ceil(rows / batch)) * batch;
      const from = fold(key(parsed.validationSeed), 'capo/validation');
      const who = (row: number, place: number): number | undefined => {
        const person = (first + row) * perRow + place;
        return person < people ? person : undefined;
      };
      return fill(batch, who, (row) => fold(from, first + row), 'knowledge');
    },
    decode: (symbols) =>
      Array.from(symbols, (symbol) => vocabulary[symbol] ?? `?${symbol}`)
        .join(' ')
        .replaceAll(` ${ATTACHED}`, ''),
  };
}

function pick<T>(choices: readonly T[], next: (below: number) => number): T {
  return choices[next(choices.length)] as T; // next stays below its argument
}

/** `make`, called once when first needed. */
function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
