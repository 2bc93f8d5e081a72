// What the README of the capacity study states.
import type { NumbersOf } from '../numbers.ts';

const bits = { table: 'capacity-bits', value: 'bitsPerParameter' };

const numbers: readonly NumbersOf[] = [
  { quantity: 'bits a parameter', ...bits, by: ['variant', 'loop'] },
  { quantity: 'most bits a parameter', table: 'capacity-bits', by: ['variant', 'loop'], value: 'maxBitsPerParameter' },
  { quantity: 'parameters', table: 'summary', by: ['variant'], value: 'params' },
  { quantity: 'accuracy of told symbols', table: 'summary', by: ['variant'], value: 'accuracy' },
  {
    ...{ quantity: 'bits a person by attribute', table: 'capacity-attributes', value: 'bitsPerPerson' },
    by: ['variant', 'loop', 'attribute'],
  },
  {
    quantity: 'bits a parameter',
    ...bits,
    by: [],
    compare: {
      between: ['variant', 'loop'],
      pairs: [
        ['looped100 4', 'plain100 1'],
        ['looped1000 4', 'plain1000 1'],
      ],
    },
  },
];
export default numbers;
