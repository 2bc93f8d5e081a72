// When each rule stops a token.
import { useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExitRule } from './exitRule.ts';
import { exitRuleById, exitRules } from './exitRules.ts';
import { fixedDepth } from './fixedDepth.ts';
import { qExit } from './qExit.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

/** The first step (from 1) after which the one token is done; 0 if none. */
async function stops(rule: ExitRule, logits: number[]): Promise<number> {
  let memory = rule.init(1, 1);
  for (const [t, z] of logits.entries()) {
    const x = tf.tensor2d([z], [1, 1]);
    const seen = rule.check(memory, { t, state: { h: x }, halt: x });
    memory = seen.memory;
    if ((await seen.done.data())[0] === 1) return t + 1;
  }
  return 0;
}

describe('qExit', () => {
  // lambda = 0.5 each: CDF 0.5, 0.75, 0.875
  it.each([
    [0, 1],
    [0.49, 1],
    [0.51, 2],
    [0.74, 2],
    [0.76, 3],
    [0.9, 0],
    [1, 0],
  ])('threshold %d stops lambda = 1/2 after step %i', async (threshold, step) => {
    expect(await stops(qExit({ threshold }), [0, 0, 0])).toBe(step);
  });

  it('never stops at threshold 1, though the sigmoid has rounded to 1', async () => {
    expect(await stops(qExit({ threshold: 1 }), [50, 500, 5000])).toBe(0);
    expect(await stops(qExit({ threshold: 0.999999 }), [50])).toBe(1);
  });
});

it('fixedDepth stops after so many steps', async () => {
  expect(await stops(fixedDepth({ depth: 2 }), [0, 0, 0])).toBe(2);
  expect(await stops(fixedDepth(), [0, 0, 0])).toBe(0);
});

it.each(exitRules.map((r) => r.id))('%s is rebuilt from its id and options', (id) => {
  const rule = exitRuleById(id);
  expect(exitRuleById(rule.id, JSON.parse(JSON.stringify(rule.options))).options).toEqual(rule.options);
});

it('says what is wrong', () => {
  expect(() => exitRuleById('qexit')).toThrow("there is no exit rule 'qexit'; did you mean 'qExit'?");
  expect(() => qExit({ threshold: 1.5 })).toThrow('threshold must be <= 1 (got 1.5); set exit.threshold');
  expect(() => fixedDepth({ depth: 0 })).toThrow('depth must be >= 1 (got 0); set exit.depth');
});
