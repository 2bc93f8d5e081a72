// Multi-hop questions: facts are stored in the weights, and a question chains several of them.
import { fold, type Key, key, parseOptions, randint, uniform } from '@looplab/core';
import { z } from 'zod';
import { madeUpName } from './names.ts';
import { shuffledIndex } from './shuffledIndex.ts';
import { type ChainStep, emptyBatch, type Task, type TaskBatch, TaskError } from './task.ts';

const whole = z.int();
export const multiHopOptions = z.strictObject({
  layers: whole.min(2).max(64).default(5).describe('layers of people; relations lead from each to the next'),
  perLayer: whole.min(2).max(4096).default(100).describe('people in a layer'),
  relations: whole.min(1).max(256).default(20).describe('R: relations that each person has, each to one random person'),
  hops: whole.min(1).default(3).describe('k: relations chained in a question, less than layers'),
  startLayers: z
    .enum(['first', 'all'])
    .default('first')
    .describe(
      'whom questions start from: the first layer (perLayer * R^k questions), or every layer with k more after it',
    ),
  samples: whole.min(1).optional().describe('different questions in training; default: all that are not held out'),
  heldOut: whole.min(1).default(3000).describe('questions never in training, on which validation goes'),
  factShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('share of training rows that state one fact (0: no one-hop facts)'),
  wording: z
    .enum(['sentence', 'short'])
    .default('sentence')
    .describe('`Who is the b of the a of X ? Answer:` (Ouro), or only `b a X ?`'),
  loss: z
    .enum(['answer', 'all'])
    .default('answer')
    .describe('which symbols training scores; validation scores answers'),
  worldSeed: whole.min(0).default(0).describe('seed of the facts, and of which questions are held out or in training'),
});

const RELATIONS = (
  'teacher mentor manager doctor neighbour coach landlord lawyer dentist barber rival cousin tutor banker gardener tailor ' +
  'partner advisor editor plumber'
).split(' ');
const WORDS = { sentence: ['Who', 'is', 'the', 'of', '?', 'Answer:', 'The'], short: ['?'] } as const;

/**
 * People in `layers` layers; person `e` has, for each of `R` relations, one random person of the next layer. A question chains `hops`
 * relations, read from the right: in `Who is the mentor of the teacher of Ban ? Answer:`, Ban's teacher comes first. The answer is one
 * symbol, the target at the last position (Ouro B.3, after Yao et al. 2025). Symbols: people, relations, words.
 *
 * All questions are put in one random order: the first `heldOut` are for validation and never in training, whatever `samples` is; the next
 * `samples` are the ones training draws from, uniformly. So a larger budget contains a smaller one, and the test stays the same.
 * With `factShare > 0` training also draws single facts (`The teacher of Ban is`), of all layers; what Ouro used is not published.
 * Chance is `1 / perLayer`, since the answer's layer is known.
 *
 * @throws ConfigError, TaskError where the options do not fit
 *
 * @example
 * const task = multiHop({ perLayer: 20, relations: 4, hops: 2, heldOut: 100 });
 * task.decode(task.validation(0, 1).ids); // something like `Who is the mentor of the teacher of Ban ? Answer:`
 */
export function multiHop(options: z.input<typeof multiHopOptions> = {}): Task {
  const parsed = parseOptions('task', multiHopOptions, options);
  const { layers, perLayer, relations, hops, heldOut, factShare, wording } = parsed;
  if (hops >= layers) throw new TaskError(`multiHop: hops must be < layers = ${layers} (got ${hops}); add layers`);
  if (hops === 1 && factShare > 0)
    throw new TaskError(
      'multiHop: with hops = 1 the questions are the facts, so none could be held out; set factShare to 0',
    );
  const people = layers * perLayer;
  const starts = (parsed.startLayers === 'first' ? 1 : layers - hops) * perLayer;
  const questions = starts * relations ** hops;
  if (questions > 2 ** 31)
    throw new TaskError(
      `multiHop: ${questions} questions are too many to draw from; at most 2^31 (fewer hops or relations)`,
    );
  const samples = parsed.samples ?? questions - heldOut;
  if (samples < 1 || samples + heldOut > questions) {
    throw new TaskError(
      `multiHop: there are ${questions} questions, too few for samples = ${parsed.samples ?? 1} and heldOut = ${heldOut}; ` +
        'lower these, or raise perLayer, relations or hops',
    );
  }

  const world = fold(key(parsed.worldSeed), 'multiHop');
  const facts = (layers - 1) * perLayer * relations;
  const next = randint(fold(world, 'facts'), facts, perLayer);
  /** The person that `relation` leads to from `person`, of a layer before the last. */
  const follow = (person: number, relation: number): number =>
    (Math.floor(person / perLayer) + 1) * perLayer + (next[person * relations + relation] ?? 0);
  const question = shuffledIndex(fold(world, 'questions'), questions);

  const words: readonly string[] = WORDS[wording];
  const word = (text: string): number => people + relations + words.indexOf(text);
  const seq = wording === 'short' ? hops + 2 : 3 * hops + 5;
  const vocab = people + relations + words.length;

  const ask = (place: number): { symbols: number[]; answer: number } => {
    let code = question(place);
    const start = code % starts;
    code = Math.floor(code / starts);
    const path = Array.from({ length: hops }, () => {
      const relation = code % relations;
      code = Math.floor(code / relations);
      return relation;
    });
    const answer = path.reduce(follow, start);
    const named = path.reverse().map((relation) => people + relation);
    if (wording === 'short') return { symbols: [...named, start, word('?')], answer };
    const chained = named.flatMap((relation) => [word('the'), relation, word('of')]);
    return { symbols: [word('Who'), word('is'), ...chained, start, word('?'), word('Answer:')], answer };
  };

  const state = (fact: number): { symbols: number[]; answer: number } => {
    const [person, relation] = [Math.floor(fact / relations), fact % relations];
    const answer = follow(person, relation);
    if (wording === 'short') return { symbols: [people + relation, person, word('?')], answer };
    return { symbols: [word('The'), people + relation, word('of'), person, word('is')], answer };
  };

  const blank = (batch: number): TaskBatch => {
    const out = emptyBatch(batch, seq);
    out.ids.fill(word('?'));
    return out;
  };

  const put = (
    out: TaskBatch,
    row: number,
    { symbols, answer }: ReturnType<typeof ask>,
    loss: 'answer' | 'all',
  ): void => {
    out.ids.set(symbols, row * seq);
    out.targets.set([...symbols.slice(1), answer], row * seq);
    const last = row * seq + symbols.length;
    out.weights.fill(1, loss === 'all' ? row * seq : last - 1, last);
  };

  const draw = (from: Key): ReturnType<typeof ask> => {
    if (factShare > 0 && (uniform(fold(from, 'kind'), 1)[0] ?? 0) < factShare)
      return state(randint(from, 1, facts)[0] ?? 0);
    return ask(heldOut + (randint(from, 1, samples)[0] ?? 0));
  };

  const isRelation = (id: number): boolean => id >= people && id < people + relations;
  const relationName = (id: number): string => RELATIONS[id - people] ?? `relation${id - people}`;
  const label = (id: number): string => {
    if (id >= 0 && id < people) return madeUpName(id);
    return isRelation(id) ? relationName(id) : (words[id - people - relations] ?? `?${id}`);
  };

  return {
    name: 'multiHop',
    vocab,
    seq,
    chance: 1 / perLayer,
    metric: 'accuracy',
    validationRows: heldOut,
    config: { name: 'multiHop', ...parsed, samples },
    train: (seed, step, batch) => {
      const out = blank(batch);
      const from = fold(fold(key(seed), 'multiHop/train'), step);
      for (let row = 0; row < batch; row++) put(out, row, draw(fold(from, row)), parsed.loss);
      return out;
    },
    validation: (index, batch) => {
      const out = blank(batch);
      const first = (index % Math.ceil(heldOut / batch)) * batch;
      for (let row = 0; row < Math.min(batch, heldOut - first); row++) put(out, row, ask(first + row), 'answer');
      return out;
    },
    decode: (ids) => Array.from(ids, label).join(' '),
    chainSteps: hops,
    chain: (ids) => {
      const all = Array.from(ids);
      const position = all.findIndex((id) => id < people);
      let person = all[position];
      const steps: ChainStep[] = [];
      for (const relation of all.slice(0, Math.max(position, 0)).filter(isRelation).reverse()) {
        if (person === undefined || person >= people - perLayer) break;
        const token = follow(person, relation - people);
        steps.push({ problem: 0, position, token, text: `${label(person)}'s ${label(relation)} is ${label(token)}` });
        person = token;
      }
      return steps;
    },
  };
}
