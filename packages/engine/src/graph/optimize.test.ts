// All passes together on random graphs, and the size of a real program.
import { it } from 'vitest';
import { optimize } from './optimize.ts';
import { keepsMeaning } from './passes/randomGraph.ts';

it('keeps what random graphs compute', () => keepsMeaning(optimize, { runs: 150, mayGrow: true }));
