// Checks the pools and bits of bioS(N) against the published numbers, and biographies by reading them as text.
import { describe, expect, it } from 'vitest';
import { bioPools, nameSpace, type Pool, spelling, workCity } from './bioPools.ts';
import { bioAdverbs, bioPhrases, bioTails, bioTopics } from './bioSentences.ts';
import { capo } from './capo.ts';
import type { Task, TaskBatch } from './task.ts';

/** All values of a pool as text, by number. */
const written = (pool: Pool) =>
  Array.from({ length: pool.size }, (_, i) =>
    spelling(pool, i)
      .map((word) => word.join(''))
      .join(' '),
  );
const texts = Object.fromEntries(Object.entries<Pool>(bioPools).map(([name, pool]) => [name, written(pool)])) as Record<
  keyof typeof bioPools,
  string[]
>; // an entry for each pool
const values = Object.fromEntries(Object.entries(texts).map(([name, all]) => [name, new Set(all)])) as Record<
  keyof typeof bioPools,
  Set<string>
>; // an entry for each pool

/** A biography read from its text alone. */
function read(text: string): Record<string, string> {
  const facts: Record<string, string> = {};
  const sentences = text
    .replace(/^<eos> /, '')
    .split(' .')
    .map((sentence) => sentence.trim())
    .filter(Boolean);
  expect(sentences).toHaveLength(6);
  sentences.forEach((sentence, i) => {
    const subject = i === 0 ? sentence.split(' ').slice(0, 3).join(' ') : sentence.split(' ', 1).join('');
    if (i === 0) facts.name = subject;
    else {
      expect(subject).toMatch(/^(He|She)$/);
      expect(facts.gender ?? subject).toBe(subject);
      facts.gender = subject;
    }
    const said = sentence
      .slice(subject.length + 1)
      .replace(/^(reportedly|apparently) /, '')
      .replace(/ indeed$/, '');
    const found = bioTopics.flatMap((topic) =>
      bioPhrases[topic]
        .map((phrase) => ({ topic, phrase: `${phrase.join(' ')} ` }))
        .filter(({ phrase }) => said.startsWith(phrase)),
    );
    expect(found).toHaveLength(1);
    const [{ topic, phrase } = { topic: '', phrase: '' }] = found;
    facts[topic] = said.slice(phrase.length).replace(' , ', ' ');
    if (topic === 'workCity') expect(facts.employer).toBeDefined(); // told after the employer
  });
  return facts;
}

function biographies(task: Task, { ids, targets, weights, attributes, seq, batch }: TaskBatch) {
  const eos = 0;
  return Array.from({ length: batch }, (_, r) => {
    const row = Array.from(ids.subarray(r * seq, (r + 1) * seq));
    const begins = row.flatMap((id, at) => (id === eos && row[at + 1] !== eos && at + 1 < seq ? [at] : []));
    return begins.map((from) => {
      const to = row.findIndex((id, at) => at > from && id === eos);
      const slice = (x: Int32Array | Float32Array | undefined) =>
        Array.from(x?.subarray(r * seq + from, r * seq + (to < 0 ? seq : to)) ?? []);
      return {
        facts: read(task.decode(row.slice(from, to < 0 ? seq : to))),
        targets: slice(targets),
        weights: slice(weights),
        attributes: slice(attributes),
      };
    });
  }).flat();
}

describe('the pools', () => {
  it('have the published sizes, and no value twice', () => {
    const sizes = Object.fromEntries(Object.entries<Pool>(bioPools).map(([name, { size }]) => [name, size]));
    expect(sizes).toEqual({
      firstName: 400,
      middleName: 400,
      lastName: 1000,
      gender: 2,
      birthDate: 12 * 28 * 200,
      birthCity: 200,
      university: 300,
      major: 100,
      employer: 263,
    });
    for (const [name, size] of Object.entries(sizes)) expect(values[name as keyof typeof values].size).toBe(size);
    expect(new Set(Array.from({ length: 263 }, (_, i) => workCity(i))).size).toBe(133);
  });

  it('hold the published bits', () => {
    const { knowledge } = capo({ people: 10 });
    const log2S0 = (knowledge?.attributes ?? []).slice(1).reduce((bits, { choices }) => bits + Math.log2(choices), 0);
    expect(nameSpace).toBe(1.6e8);
    expect(log2S0).toBeCloseTo(47.59, 2); // Part 3.3: S0 = 2 * 12*28*200 * 200 * 300 * 100 * 263
    // most bits in millions for N people
    const most = (n: number) => (n * Math.log2(nameSpace / n) + n * log2S0) / 1e6;
    const published = [20_000, 50_000, 100_000, 200_000, 500_000].map((n) => Number(most(n).toFixed(3)));
    expect(published).toEqual([1.211, 2.962, 5.824, 11.447, 27.957]);
  });
});

describe('the wording', () => {
  it('has 48 ways to say each thing, none the beginning of another', () => {
    for (const topic of bioTopics) expect(bioPhrases[topic].length * bioAdverbs.length * bioTails.length).toBe(48);
    const all = Object.values(bioPhrases)
      .flat()
      .map((phrase) => `${phrase.join(' ')} `);
    for (const phrase of all) expect(all.filter((other) => other.startsWith(phrase))).toEqual([phrase]);
  });

  it('is fresh at every exposure, or fixed for each person', () => {
    const wordings = (wording: 'fresh' | 'fixed') => {
      const task = capo({ people: 1, wording });
      const { ids, seq } = task.train(0, 0, 40);
      return new Set(Array.from({ length: 40 }, (_, r) => task.decode(ids.subarray(r * seq, (r + 1) * seq)))).size;
    };
    expect([wordings('fresh'), wordings('fixed')]).toEqual([40, 1]);
  });

  it('shuffles the sentences unless told not to', () => {
    const orders = (order: 'shuffled' | 'fixed') => {
      const task = capo({ people: 50, order });
      const found = biographies(task, task.train(0, 0, 300));
      return new Set(
        found.map(({ facts }) =>
          Object.keys(facts)
            .filter((key) => key !== 'gender' && key !== 'name')
            .join(),
        ),
      );
    };
    expect(orders('fixed')).toEqual(new Set([bioTopics.join()]));
    expect(orders('shuffled').size).toBeGreaterThan(150); // 360 orders have the employer before the city
  });
});

describe.each(['words', 'pieces'] as const)('biographies in %s', (tokens) => {
  const task = capo({ people: 60, tokens });

  it('tell the same of a person each time, out of the pools', () => {
    const known = new Map<string, Record<string, string>>();
    const all = [0, 1, 2].flatMap((step) => biographies(task, task.train(0, step, 100)));
    for (const { facts } of [...all, ...biographies(task, task.validation(0, 60))]) {
      const name = facts.name ?? '';
      expect(facts).toEqual(known.get(name) ?? facts);
      known.set(name, facts);
      const [first = '', middle = '', last = ''] = name.split(' ');
      expect(values.firstName.has(first)).toBe(true);
      expect(values.middleName.has(middle)).toBe(true);
      expect(values.lastName.has(last)).toBe(true);
      for (const value of ['birthDate', 'birthCity', 'university', 'major', 'employer'] as const)
        expect(values[value].has(facts[value] ?? '')).toBe(true);
      const employer = texts.employer.indexOf(facts.employer ?? '');
      expect(facts.workCity).toBe(texts.birthCity[workCity(employer)]);
    }
    expect(known.size).toBe(60);
  });

  it('mark the symbols of each attribute, once a biography, and validation scores just those', () => {
    const names = task.knowledge?.attributes.map(({ name }) => name) ?? [];
    for (const { facts, targets, weights, attributes } of biographies(task, task.validation(0, 60))) {
      names.forEach((name, i) => {
        const told = task.decode(targets.filter((_, t) => attributes[t] === i + 1));
        expect(told.replace(/^##/, '')).toBe(facts[name]);
      });
      expect(weights).toEqual(attributes.map((attribute) => (attribute > 0 ? 1 : 0)));
      expect(attributes.filter((a) => a === names.indexOf('gender') + 1)).toHaveLength(1);
    }
  });

  it('train on every symbol up to the <eos> after them', () => {
    const batch = task.train(0, 0, 20);
    for (let r = 0; r < 20; r++) {
      const row = Array.from(batch.ids.subarray(r * task.seq, (r + 1) * task.seq));
      const length = row.lastIndexOf(row.find((_, at) => task.decode([row[at] ?? 0]) === '.') ?? -1) + 1;
      const weights = Array.from(batch.weights.subarray(r * task.seq, (r + 1) * task.seq));
      expect(weights).toEqual(row.map((_, t) => (t < length ? 1 : 0)));
      const targets = Array.from(batch.targets.subarray(r * task.seq, r * task.seq + length));
      expect(targets).toEqual([...row.slice(1, length), 0]);
    }
  });

  it('use every symbol of the vocabulary, and fit a row', () => {
    const many = capo({ people: 4000, tokens });
    const used = new Set(Array.from({ length: 4 }, (_, i) => Array.from(many.validation(i, 1000).ids)).flat());
    // of 1000 last names, 4000 people miss one with probability exp(-4)
    expect(used.size).toBeGreaterThan(tokens === 'pieces' ? many.vocab - 1 : 0.96 * many.vocab);
    expect([many.vocab, many.seq]).toEqual(tokens === 'pieces' ? [440, 76] : [2449, 68]);
  });
});

describe('exposures', () => {
  it('are equal for everybody when the rows of a step are known', () => {
    const task = capo({ people: 24, rowsPerStep: 6 });
    const passes = [0, 1].map((pass) =>
      [0, 1, 2, 3].flatMap((step) =>
        biographies(task, task.train(3, 4 * pass + step, 6)).map(({ facts }) => facts.name),
      ),
    );
    for (const names of passes) expect(new Set(names).size).toBe(24);
    expect(passes[0]).not.toEqual(passes[1]);
    expect(() => task.train(0, 0, 8)).toThrow(
      'a step has 8 rows, but rowsPerStep is 6; set task.rowsPerStep and train.batch',
    );
  });

  it('are random otherwise, and everybody is in validation once', () => {
    const task = capo({ people: 50 });
    const counts = Map.groupBy(
      [0, 1, 2, 3, 4].flatMap((step) => biographies(task, task.train(0, step, 100)).map(({ facts }) => facts.name)),
      (name) => name,
    );
    expect(counts.size).toBe(50);
    expect(Math.max(...[...counts.values()].map((n) => n.length))).toBeLessThan(25); // Poisson(10): 1 in 60 000 above
    const names = [0, 1, 2, 3].flatMap((i) => biographies(task, task.validation(i, 16)).map(({ facts }) => facts.name));
    expect(names).toHaveLength(50);
    expect(new Set(names).size).toBe(50);
  });
});

describe('packing', () => {
  const task = capo({ people: 40, packing: 'masked', seq: 300 });

  it('puts as many whole biographies in a row as always fit', () => {
    const perRow = Math.floor(300 / 68);
    expect(task.validationRows).toBe(40 / perRow);
    const batch = task.train(0, 0, 5);
    expect(biographies(task, batch)).toHaveLength(5 * perRow);
    expect(batch.isolated).toBe(true);
    expect(capo({ people: 40, packing: 'open', seq: 300 }).train(0, 0, 5)).toEqual({ ...batch, isolated: false });
    const segments = Array.from(batch.segments?.subarray(0, 300) ?? []);
    const begins = segments.map((s, at) => at === 0 || segments[at - 1] !== s);
    expect(begins.filter(Boolean)).toHaveLength(perRow + 1); // and what is filled up
    begins.forEach((begins, at) => {
      if (begins) expect(batch.ids[at]).toBe(0);
    });
    const names = [0, 1, 2].flatMap((i) => biographies(task, task.validation(i, 4)).map(({ facts }) => facts.name));
    expect(new Set(names).size).toBe(40);
  });

  it('needs room for one', () => {
    expect(() => capo({ seq: 67 })).toThrow('seq must be >= 68 to hold the longest biography (got 67)');
    expect(capo({ packing: 'open' }).seq).toBe(512);
  });
});

it('draws people apart by peopleSeed, and all names differ', () => {
  const namesOf = (peopleSeed: number) => {
    const task = capo({ people: 300, peopleSeed, order: 'fixed' });
    return biographies(task, task.validation(0, 300)).map(({ facts }) => facts.name);
  };
  expect(new Set(namesOf(0)).size).toBe(300);
  expect(namesOf(1)).not.toEqual(namesOf(0));
  expect(() => capo({ people: 0 })).toThrow('people must be >= 1 (got 0); set task.people');
});
