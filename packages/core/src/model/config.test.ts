// What the model section of a study accepts, and how it says no.
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/parseOptions.ts';
import { type ModelOptions, modelConfig, modelSchema } from './config.ts';

const ok = { vocab: 8, dModel: 16, heads: 2, layers: 1 };
const wrong = (x: unknown): string => {
  try {
    modelConfig(x as ModelOptions); // the point is to pass what the type forbids
  } catch (e) {
    expect(e).toBeInstanceOf(ConfigError);
    return (e as Error).message;
  }
  throw new Error('accepted');
};

describe('modelConfig', () => {
  it('fills in defaults', () => {
    expect(modelConfig({ ...ok, dModel: 128 })).toMatchObject({
      loops: 1,
      dFF: 352,
      prelude: 0,
      coda: 0,
      normEps: 1e-6,
    });
  });

  it('resolves a resolved config to itself', () => {
    const c = modelConfig(ok);
    expect(modelConfig(c)).toEqual(c);
  });

  it.each([
    [{ ...ok, loops: 0 }, 'loops must be >= 1 (got 0); set model.loops'],
    [{ ...ok, loops: 1.5 }, 'loops must be a whole number (got 1.5); set model.loops'],
    [{ ...ok, loops: 'four' }, 'loops must be a number (got "four"); set model.loops'],
    [{ ...ok, initStd: 0 }, 'initStd must be > 0 (got 0); set model.initStd'],
    [{ vocab: 8, dModel: 16, heads: 2 }, 'layers must be a number (got nothing); set model.layers'],
    [{ ...ok, heads: 3 }, 'heads must divide dModel (got heads 3, dModel 16); set model.heads or model.dModel'],
    [
      { ...ok, heads: 16 },
      'the head width dModel / heads must be even for rotary positions (got 16 / 16 = 1); set model.heads or model.dModel',
    ],
    [{ ...ok, dmodel: 3 }, "model has no option 'dmodel'; did you mean 'dModel'?"],
    [{ ...ok, loop: 3 }, "model has no option 'loop'; did you mean 'loops'?"],
  ])('%j', (options, message) => {
    expect(wrong(options)).toBe(message);
  });

  it('reports every problem at once', () => {
    expect(wrong({ ...ok, loops: 0, vocab: 1 }).split('\n')).toHaveLength(2);
  });

  it('describes every key', () => {
    for (const [k, v] of Object.entries(modelSchema.shape)) expect(v.description, k).toBeTruthy();
  });
});
