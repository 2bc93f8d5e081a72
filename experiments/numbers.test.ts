// Numbers of a study against means and t tests worked out by hand.
import { describe, expect, it } from 'vitest';
import { numbersOf } from './numbers.ts';

const rows = [0, 1, 2].flatMap((seed) => [
  { variant: 'a', seed, loop: 1, last: true, x: 1 + seed },
  { variant: 'b', seed, loop: 1, last: true, x: 2 * seed },
  { variant: 'a', seed, loop: 1, last: false, x: 100 },
]);

describe('numbersOf', () => {
  it('averages the rows that count over seeds', () => {
    const spec = { quantity: 'x', table: 't', where: { last: true }, by: ['variant'], value: 'x' };
    const { numbers, comparisons } = numbersOf([spec], () => rows);
    expect(comparisons).toEqual([]);
    expect(numbers.map(({ at, n, mean }) => [at, n, mean])).toEqual([
      ['last=true variant=a', 3, 2],
      ['last=true variant=b', 3, 2],
    ]);
    // values 1, 2, 3: standard error 1 / sqrt(3), t(2) = 4.3027
    expect(numbers[0]?.hi).toBeCloseTo(2 + 4.3027 / Math.sqrt(3), 3);
  });

  it('counts updates until a level is reached', () => {
    const curves = [0, 1].flatMap((seed) => [1, 2, 3].map((step) => ({ variant: 'a', seed, step, x: step + seed })));
    const spec = { quantity: 'steps', table: 't', by: ['variant'], value: 'x', reaches: 3 };
    const { numbers } = numbersOf([spec], () => curves);
    expect(numbers).toMatchObject([{ at: 'variant=a', n: 2, mean: 2.5 }]);
    expect(numbersOf([{ ...spec, reaches: 4 }], () => curves).numbers).toMatchObject([{ n: 1, mean: 3 }]);
  });

  it('compares seed by seed and corrects over all comparisons of the study', () => {
    const compare = { between: 'variant', pairs: [['a', 'b']] as const };
    const spec = { quantity: 'x', table: 't', where: { last: true }, by: ['loop'], value: 'x', compare };
    const shifted = { ...spec, table: 'shifted' };
    const read = (name: string) =>
      name === 't' ? rows : rows.map((r) => ({ ...r, x: r.variant === 'a' ? r.x + 9 + 0.1 * r.seed : r.x }));
    const { comparisons } = numbersOf([spec, shifted], read);
    // differences 1, 0, -1
    expect(comparisons[0]).toMatchObject({
      at: 'last=true loop=1',
      a: 'a',
      b: 'b',
      n: 3,
      difference: 0,
      p: 1,
      pHolm: 1,
    });
    const [, second] = comparisons;
    expect(second?.difference).toBeCloseTo(9.1, 10);
    expect(second?.pHolm).toBeCloseTo(2 * Number(second?.p), 12);
  });

  it('compares by several columns at once', () => {
    const compare = { between: ['variant', 'loop'], pairs: [['b 1', 'a 1']] as const };
    const { comparisons } = numbersOf(
      [{ quantity: 'x', table: 't', where: { last: true }, by: [], value: 'x', compare }],
      () => rows,
    );
    expect(comparisons).toMatchObject([{ between: 'variant loop', a: 'b 1', b: 'a 1', n: 3, difference: 0 }]);
  });
});
