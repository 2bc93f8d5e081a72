// The shapes of the paper's models have the parameters that the paper states.
import { loopLM, modelConfig, paramSpecs } from '@looplab/core';
import { expect, it } from 'vitest';
import { sizes } from './pretraining.ts';

it('have the parameters of appendix D, to its last digit', () => {
  const millions = Object.values(sizes).map((shape) => {
    const model = modelConfig({ ...shape, loops: 4, vocab: 32_000 });
    const counts = paramSpecs(model, loopLM()).map(({ shape: s }) => s.reduce((n, d) => n * d, 1));
    return Math.round(counts.reduce((a, b) => a + b, 0) / 1e6);
  });
  expect(millions).toEqual([53, 134, 374, 778, 1364]);
});
