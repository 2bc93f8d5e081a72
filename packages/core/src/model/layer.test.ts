// The looped model against the same formulas written out in float64, one token and one number at a time.
import { toArray, useDevice } from '@looplab/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { paramSpecs } from '../recurrence/layout.ts';
import { runTrace } from '../recurrence/runTrace.ts';
import { loopLM } from '../recurrence/strategies/loopLM.ts';
import { fold, key, normal } from '../rng/random.ts';
import { modelConfig } from './config.ts';
import type { Params } from './params.ts';

beforeAll(() => useDevice({ kind: 'cpu' }));

const config = modelConfig({
  vocab: 6,
  dModel: 8,
  heads: 2,
  layers: 2,
  loops: 3,
  dFF: 10,
  ropeTheta: 100,
  normEps: 1e-5,
});
const ids = [3, 1, 4, 1, 5];
type Vec = number[];

/** Hugging Face Ouro's forward pass, from the description of the block alone. */
function reference(p: (name: string) => Vec): { h: Vec[]; gate: number[] }[] {
  const { dModel: d, heads, layers, loops, dFF, ropeTheta, normEps } = config;
  const dHead = d / heads;
  const get = (x: Vec, i: number): number => x[i] as number;
  const matVec = (w: Vec, x: Vec, out: number): Vec =>
    Array.from({ length: out }, (_, o) => x.reduce((s, v, i) => s + v * get(w, o * x.length + i), 0));
  const norm = (x: Vec, w: Vec): Vec => {
    const r = Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length + normEps);
    return x.map((v, i) => (v / r) * get(w, i));
  };
  const rotate = (x: Vec, pos: number): Vec =>
    x.map((v, i) => {
      const j = i % dHead;
      const half = dHead / 2;
      const angle = pos * ropeTheta ** ((-2 * (j % half)) / dHead);
      const other = j < half ? -get(x, i + half) : get(x, i - half);
      return v * Math.cos(angle) + other * Math.sin(angle);
    });
  const plus = (a: Vec, b: Vec): Vec => a.map((v, i) => v + get(b, i));
  let h: Vec[] = ids.map((id) => p('model.embed_tokens.weight').slice(id * d, (id + 1) * d));
  const out: { h: Vec[]; gate: number[] }[] = [];
  for (let t = 0; t < loops; t++) {
    for (let l = 0; l < layers; l++) {
      const w = (n: string): Vec => p(`model.layers.${l}.${n}.weight`);
      const n = h.map((x) => norm(x, w('input_layernorm')));
      const [q, k] = ['q', 'k'].map((c) => n.map((x, pos) => rotate(matVec(w(`self_attn.${c}_proj`), x, d), pos))) as [
        Vec[],
        Vec[],
      ];
      const v = n.map((x) => matVec(w('self_attn.v_proj'), x, d));
      h = h.map((x, i) => {
        const mixed = new Array<number>(d).fill(0);
        for (let head = 0; head < heads; head++) {
          const part = (y: Vec): Vec => y.slice(head * dHead, (head + 1) * dHead);
          const mine = part(q[i] as Vec);
          const scores = k
            .slice(0, i + 1)
            .map((y) => Math.exp(part(y).reduce((s, z, c) => s + z * get(mine, c), 0) / Math.sqrt(dHead)));
          const total = scores.reduce((a, b) => a + b, 0);
          scores.forEach((e, j) => {
            part(v[j] as Vec).forEach((z, c) => {
              mixed[head * dHead + c] = get(mixed, head * dHead + c) + (e / total) * z;
            });
          });
        }
        return plus(x, norm(matVec(w('self_attn.o_proj'), mixed, d), w('input_layernorm_2')));
      });
      h = h.map((x) => {
        const m = norm(x, w('post_attention_layernorm'));
        const up = matVec(w('mlp.up_proj'), m, dFF);
        const inner = matVec(w('mlp.gate_proj'), m, dFF).map((g, i) => (g / (1 + Math.exp(-g))) * get(up, i));
        return plus(x, norm(matVec(w('mlp.down_proj'), inner, d), w('post_attention_layernorm_2')));
      });
    }
    h = h.map((x) => norm(x, p('model.norm.weight')));
    const gate = h.map(
      (x) => get(matVec(p('model.early_exit_gate.weight'), x, 1), 0) + get(p('model.early_exit_gate.bias'), 0),
    );
    out.push({ h, gate });
  }
  return out;
}

it('equals the written-out model in every loop: state, gate and logits (1e-5 of the largest value, float32 against float64)', async () => {
  // Norms and biases away from 1 and 0, so that a forgotten one would show.
  const values = new Map(
    paramSpecs(config, loopLM()).map((s) => [
      s.name,
      normal(
        fold(key(1), s.name),
        s.shape.reduce((a, b) => a * b),
      ).map((x) => (s.init === 'ones' ? 1 + 0.3 * x : 0.4 * x)),
    ]),
  );
  const params: Params = Object.fromEntries(
    paramSpecs(config, loopLM()).map((s) => [s.name, tf.tensor(values.get(s.name) ?? [], [...s.shape])]),
  );
  const want = reference((name) => [...(values.get(name) ?? [])]);
  for (const remat of [false, true]) {
    const [trace] = runTrace(
      config,
      loopLM(),
      params,
      { ids: tf.tensor2d(ids, [1, 5], 'int32') },
      { train: true, remat },
    );
    const near = async (x: tf.Tensor | undefined, y: number[]) => {
      const got = x ? await toArray(x) : [];
      expect(got.length).toBe(y.length);
      const largest = Math.max(...y.map(Math.abs)); // sums of terms that cancel keep the error of their terms
      for (const [i, v] of y.entries()) expect(Math.abs((got[i] as number) - v)).toBeLessThan(1e-5 * largest);
    };
    for (const [t, { h, gate }] of want.entries()) {
      await near(trace?.states[t]?.h, h.flat());
      await near(trace?.halt[t], gate);
      const head = [...(values.get('lm_head.weight') ?? [])];
      const logits = h.map((x) =>
        Array.from({ length: 6 }, (_, o) => x.reduce((s, v, i) => s + v * (head[o * 8 + i] as number), 0)),
      );
      await near(trace?.logits(t), logits.flat());
    }
  }
});
