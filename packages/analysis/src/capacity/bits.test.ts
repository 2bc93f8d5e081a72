// Bits of a perfect, a blank and a half-trained model, by hand and against the published totals.
import { describe, expect, it } from 'vitest';
import { type AttributeLoss, capacityBits } from './bits.ts';

const pools = { gender: 2, birthDate: 12 * 28 * 200, birthCity: 200, university: 300, major: 100, employer: 263 };
const names = 400 * 400 * 1000;
const of = (people: number, nameNats: number, valueNats: (choices: number) => number, params = 1e6) =>
  capacityBits({
    people,
    params,
    name: { attribute: 'name', nats: nameNats, choices: names },
    values: Object.entries(pools).map(
      ([attribute, choices]): AttributeLoss => ({ attribute, choices, nats: valueNats(choices) }),
    ),
  });

describe('capacityBits', () => {
  it.each([
    // millions of bits in bioS(N): N log2(N0 / N) + N log2 S0, log2 S0 = 47.59
    [20_000, 1.211],
    [50_000, 2.962],
    [100_000, 5.824],
    [200_000, 11.447],
    [500_000, 27.957],
  ])('of a perfect model on %i persons are all there are', (people, millions) => {
    const perfect = of(people, Math.log(people), () => 0);
    expect(perfect.bits).toBeCloseTo(perfect.maxBits, 4);
    expect(perfect.bits / 1e6).toBeCloseTo(millions, 2);
    expect(perfect.bitsPerParameter).toBeCloseTo(perfect.maxBitsPerParameter, 10);
    for (const a of perfect.attributes) expect(a.bitsPerPerson).toBeCloseTo(a.maxPerPerson, 10);
  });

  it('of a blank model, which guesses in the pools, are none', () => {
    const blank = of(1000, Math.log(names), Math.log);
    expect(blank.bits).toBeCloseTo(0, 6);
    expect(blank.bitsPerParameter).toBeCloseTo(0, 10);
  });

  it('of a model worse than guessing are negative', () => {
    expect(of(1000, Math.log(names) + 1, Math.log).nameBits).toBeCloseTo(-1000 / Math.LN2, 6);
  });

  it('of one attribute known and the others guessed are its own', () => {
    const { valueBits, attributes } = of(1000, Math.log(names), (choices) => (choices === 300 ? 0 : Math.log(choices)));
    expect(valueBits).toBeCloseTo(1000 * Math.log2(300), 6);
    expect(attributes.find((a) => a.attribute === 'university')?.bitsPerPerson).toBeCloseTo(8.2288, 4);
    expect(attributes.find((a) => a.attribute === 'major')?.bitsPerPerson).toBeCloseTo(0, 10);
  });

  it('says what cannot be', () => {
    expect(() => of(0, 1, () => 0)).toThrow('people must be a whole number >= 1 (got 0)');
    expect(() => of(10, Number.NaN, () => 0)).toThrow('the loss of name must be finite and >= 0 (got NaN)');
    expect(() => of(2e8, 1, () => 0)).toThrow('at most the 160000000 possible names');
    expect(() => of(10, 1, () => 0, 0)).toThrow('params must be >= 1');
  });
});
