// The symbols of a biography: which there are, how values are spelled with them, and how many a text can take.
import type { Person } from './bioPeople.ts';
import { bioPools, type Pool, type Spelling, spelling, workCity } from './bioPools.ts';
import { type BioTopic, bioAdverbs, bioPhrases, bioTails, bioTopics } from './bioSentences.ts';

export const EOS = '<eos>';
/** Marks a piece that continues a word. */
export const ATTACHED = '##';

type Spell = (value: Spelling) => string[];

/**
 * The symbols that biographies are made of, no others; `<eos>` is number 0.
 * @param inPieces whether names, cities and years are two symbols each
 */
export function bioSpelling(inPieces: boolean): {
  readonly vocabulary: readonly string[];
  /** A value as symbols. */
  readonly spell: Spell;
  /** The number of a symbol. */
  readonly id: (symbol: string) => number;
} {
  const spell: Spell = (value) =>
    value.flatMap((word) =>
      inPieces ? word.map((piece, i) => (i === 0 ? piece : ATTACHED + piece)) : [word.join('')],
    );
  const said = [...Object.values(bioPhrases).flat(), ...bioAdverbs, ...bioTails].flat();
  const values = Object.values<Pool>(bioPools).flatMap(({ words }) =>
    words.flatMap((choices) => choices.flatMap((word) => spell([word]))),
  );
  const vocabulary = [...new Set([EOS, '.', ',', ...said, ...values])];
  const ids = new Map(vocabulary.map((symbol, id) => [symbol, id]));
  return { vocabulary, spell, id: (symbol) => ids.get(symbol) ?? 0 }; // all that is said is in the vocabulary
}

/** What a sentence says of `person`, as symbols: `March 5 , 1914`. */
export function valueWords(topic: BioTopic, person: Person, spell: Spell): string[] {
  if (topic === 'workCity') return spell(spelling(bioPools.birthCity, workCity(person.employer)));
  const value = spelling(bioPools[topic], person[topic]);
  return topic === 'birthDate' ? [...spell(value.slice(0, 2)), ',', ...spell(value.slice(2))] : spell(value);
}

/** Symbols in the longest biography there can be, without `<eos>`. */
export function longestBiography(spell: Spell): number {
  const most = (lists: readonly (readonly unknown[])[]): number => Math.max(...lists.map((list) => list.length));
  const longest = ({ words }: Pool): number =>
    words.reduce((length, choices) => length + most(choices.map((word) => spell([word]))), 0);
  const { firstName, middleName, lastName, gender, birthCity } = bioPools;
  const name = longest(firstName) + longest(middleName) + longest(lastName);
  const value = (topic: BioTopic): number =>
    topic === 'workCity' ? longest(birthCity) : longest(bioPools[topic]) + (topic === 'birthDate' ? 1 : 0);
  const around = most(bioAdverbs) + most(bioTails) + 1;
  const sentences = bioTopics.map((topic) => around + most(bioPhrases[topic]) + value(topic));
  return name + (bioTopics.length - 1) * longest(gender) + sentences.reduce((a, b) => a + b, 0);
}

/** Mean over the symbols that tell something of one in as many as can stand there. */
export function oddsOfGuessing(spell: Spell): number {
  const odds = Object.values<Pool>(bioPools).flatMap(({ words }) =>
    words.flatMap((choices) => {
      const spelled = choices.map((word) => spell([word]));
      return Array.from({ length: spelled[0]?.length ?? 0 }, (_, i) => 1 / new Set(spelled.map((s) => s[i])).size);
    }),
  );
  return odds.reduce((a, b) => a + b, 0) / odds.length;
}
