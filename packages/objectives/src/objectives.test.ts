// Every objective against hand-computed traces, against finite differences, and for what its gradients reach.
import { fixedLoops, loopFormer, loopLM, plain, strategies } from '@looplab/core';
import { valueAndGrad } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { entropyRegularised } from './entropyRegularised.ts';
import { everyLoop } from './everyLoop.ts';
import { gateImprovement } from './gateImprovement.ts';
import { at, batch, halting, loss, mean, sigmoid, trace, values } from './handMadeTrace.test-data.ts';
import { lastLoop } from './lastLoop.ts';
import { assertFits, objectiveById, objectives } from './registry.ts';
import { agreesWithFiniteDifferences, params, reached, total } from './smallModel.test-data.ts';

describe('terms of a hand-made trace (float32, 1e-5)', () => {
  it('lastLoop', async () => {
    const v = await values(lastLoop());
    expect(v.crossEntropy).toBeCloseTo((-Math.log(0.9) - 3 * Math.log(0.6)) / 4, 5);
    expect(v.total).toBe(v.crossEntropy);
  });

  it('everyLoop', async () => {
    const want = mean((i) => (at(loss, 0, i) + at(loss, 1, i) + at(loss, 2, i)) / 3);
    expect((await values(everyLoop())).total).toBeCloseTo(want, 5);
  });

  const exit = (i: number) => {
    const l = [sigmoid(at(halting, 0, i)), sigmoid(at(halting, 1, i))] as const;
    return [l[0], (1 - l[0]) * l[1], (1 - l[0]) * (1 - l[1])]; // the last logit is not used
  };

  it('entropyRegularised', async () => {
    const v = await values(entropyRegularised({ beta: 0.3 }));
    const expected = mean((i) => exit(i).reduce((s, p, t) => s + p * at(loss, t, i), 0));
    const entropy = mean((i) => exit(i).reduce((s, p) => s - p * Math.log(p), 0));
    expect(v.expectedLoss).toBeCloseTo(expected, 5);
    expect(v.entropy).toBeCloseTo(-0.3 * entropy, 5);
    expect(v.total).toBeCloseTo(expected - 0.3 * entropy, 5);
  });

  it('entropyRegularised with one loop is the plain loss', async () => {
    const v = await values(entropyRegularised(), [trace(1)]);
    expect(v.entropy).toBeCloseTo(0, 6);
    expect(v.total).toBeCloseTo(
      mean((i) => at(loss, 0, i)),
      5,
    );
  });

  it('entropyRegularised stays finite, with finite gradients, when the gate is certain', async () => {
    for (const z of [200, -200, 1e4]) {
      const f = (h: tf.Tensor) => entropyRegularised().terms([{ ...trace(), halt: [h, h, h] }], batch).total;
      const { value, grads } = valueAndGrad(f)(tf.fill([1, 2], z));
      expect(Number.isFinite((await value.data())[0])).toBe(true);
      expect([...(await grads.data())].every(Number.isFinite)).toBe(true);
    }
  });

  const bce = (t: number, gate: number, i: number) => {
    const w = sigmoid(50 * (Math.max(0, at(loss, t - 1, i) - at(loss, t, i)) - 0.005));
    const l = sigmoid(at(halting, gate, i));
    return -(w * Math.log(1 - l) + (1 - w) * Math.log(l));
  };

  it('gateImprovement, causal: the gate that decided is judged, mean over T - 1', async () => {
    const want = mean((i) => (bce(1, 0, i) + bce(2, 1, i)) / 2);
    expect((await values(gateImprovement())).gate).toBeCloseTo(want, 5);
  });

  it('gateImprovement, as printed: the gate of the loop itself, divided by T', async () => {
    const want = mean((i) => (bce(1, 1, i) + bce(2, 2, i)) / 3);
    expect((await values(gateImprovement({ pairing: 'paper' }))).gate).toBeCloseTo(want, 4); // terms up to 9
  });

  it('gateImprovement without a gain aims at stopping with probability 0.562', () => {
    expect(1 - sigmoid(50 * (0 - 0.005))).toBeCloseTo(0.562, 3); // Ouro's constants
  });

  it('needs two loops for gateImprovement', () => {
    expect(() => gateImprovement().terms([trace(1)], batch)).toThrow(
      'compares loops (got 1); set model.loops to at least 2',
    );
  });

  it('weighs nothing as 0, not as NaN', async () => {
    const terms = lastLoop().terms([trace()], { ...batch, weights: tf.zeros([1, 2]) });
    expect((await terms.total.data())[0]).toBe(0);
  });
});

describe('gradients through the model', () => {
  const all = Object.keys;
  const gate = ['model.early_exit_gate.bias', 'model.early_exit_gate.weight'];

  it('reach everything but the gate from losses without it', async () => {
    for (const o of [lastLoop(), everyLoop()]) {
      const want = all(params(loopLM()))
        .filter((n) => !gate.includes(n))
        .sort();
      expect(await reached(o, loopLM()), o.id).toEqual(want);
      expect(await reached(o, fixedLoops()), o.id).toEqual(want);
    }
  });

  it('reach every parameter in Stage I and the gate alone in Stage II', async () => {
    expect(await reached(entropyRegularised(), loopLM())).toEqual(all(params(loopLM())).sort());
    expect(await reached(gateImprovement(), loopLM())).toEqual(gate);
    expect(await reached(gateImprovement({ pairing: 'paper' }), loopLM())).toEqual(gate);
  });

  it('do not cross steps planned without gradient', async () => {
    const cut = fixedLoops({ gradLoops: 1 });
    const names = await reached(lastLoop(), cut);
    expect(names).not.toContain('model.embed_tokens.weight'); // only the first loop reads the embedding
    expect(names).toContain('model.layers.0.mlp.down_proj.weight');
    const [a, b] = [total(lastLoop(), cut)(params(cut)), total(lastLoop(), fixedLoops())(params(cut))];
    expect(await a.data()).toEqual(await b.data()); // the forward pass is the same
  });

  it.each([
    ['lastLoop', loopLM()],
    ['everyLoop', loopLM()],
    ['entropyRegularised', loopLM()],
    ['gateImprovement', loopLM()],
  ] as const)('%s agree with finite differences', async (id, s) => {
    const o = objectiveById(id);
    const p = params(s);
    const names =
      id === 'gateImprovement'
        ? gate
        : [
            'model.layers.0.self_attn.k_proj.weight',
            'model.layers.0.input_layernorm.weight',
            'model.norm.weight',
            ...gate,
          ];
    await agreesWithFiniteDifferences(o, s, p, names);
  });
});

describe('assertFits', () => {
  it('lets fitting pairs pass and names what fits otherwise', () => {
    for (const id of ['lastLoop', 'everyLoop', 'entropyRegularised', 'gateImprovement'])
      assertFits(objectiveById(id), loopLM());
    assertFits(everyLoop(), fixedLoops());
    expect(() => assertFits(entropyRegularised(), fixedLoops())).toThrow(
      'objective entropyRegularised needs halt, which strategy fixedLoops does not give; objectives that fit: lastLoop, everyLoop, windowed, stepSupervised',
    );
    expect(() => assertFits(lastLoop(), loopFormer())).toThrow(
      'objective lastLoop is defined on one trajectory, and strategy loopFormer trains several; objectives that fit: progressive, consistency',
    );
    expect(() => assertFits(gateImprovement(), plain())).toThrow(
      'needs readouts and halt, which strategy plain does not give; objectives that fit: lastLoop',
    );
  });

  it('fits the default objective of every strategy', () => {
    for (const { objective, make } of strategies) {
      const strategy = make({});
      assertFits(objectiveById(objective), strategy);
      expect(strategy.stages[0]?.objective?.id ?? 'lastLoop', strategy.id).toBe(objective);
    }
  });

  it('fails at once on a trace without a gate', () => {
    expect(() => entropyRegularised().terms([{ ...trace(), halt: [] }], batch)).toThrow(
      "needs a halting gate and the trace has none; use a strategy that gives 'halt'",
    );
    expect(() => lastLoop().terms([trace(), trace()], batch)).toThrow('defined on one trajectory (got 2)');
  });
});

describe('the registry', () => {
  it.each(objectives.map((o) => o.id))('%s is rebuilt from its id and options', (id) => {
    const o = objectiveById(id);
    expect(objectiveById(o.id, JSON.parse(JSON.stringify(o.options))).options).toEqual(o.options);
  });

  it.each(objectives)('$id describes every option', ({ schema }) => {
    for (const [name, option] of Object.entries(schema.shape)) expect(option.description, name).toBeTruthy();
  });

  it('rejects what it does not know', () => {
    expect(() => objectiveById('lastloop')).toThrow("there is no objective 'lastloop'; did you mean 'lastLoop'?");
    expect(() => objectiveById('entropyRegularised', { beta: -1 })).toThrow(
      'beta must be >= 0 (got -1); set objective.beta',
    );
    expect(() => objectiveById('gateImprovement', { pairing: 'both' })).toThrow(
      "pairing must be one of 'causal', 'paper' (got \"both\"); set objective.pairing",
    );
  });
});
