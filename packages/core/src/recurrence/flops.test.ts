// Counted work against products added up by hand.
import { expect, it } from 'vitest';
import { sharedFirst } from '../kv/sharedFirst.ts';
import { upToDepth } from '../kv/upToDepth.ts';
import { modelConfig } from '../model/config.ts';
import { flops } from './flops.ts';
import { fixedLoops } from './strategies/fixedLoops.ts';
import { loopLM } from './strategies/loopLM.ts';

const [d, f, v, b, s, layers, loops] = [8, 12, 9, 2, 5, 3, 4];
const config = modelConfig({ vocab: v, dModel: d, heads: 2, layers, loops, dFF: f });
const rows = b * s;
// q, k, v, o; gate, up, down; scores and mixture over full squares
const layer = 2 * rows * d * d * 4 + 2 * rows * d * f * 3 + 2 * b * s * s * d * 2;
const head = 2 * rows * d * v;
const gate = 2 * rows * d;

it('adds up every matrix product', () => {
  expect(flops(config, fixedLoops(), { batch: b, seq: s })).toBe(loops * layers * layer + head);
  expect(flops(config, loopLM(), { batch: b, seq: s })).toBe(loops * (layers * layer + gate) + head);
  expect(flops(config, fixedLoops(), { batch: b, seq: s, loops: 2 })).toBe(2 * layers * layer + head);
  expect(flops(config, loopLM(), { batch: b, seq: s, readouts: loops })).toBe(loops * (layers * layer + gate + head));
  const deep = { ...config, prelude: 1, coda: 2 };
  expect(flops(deep, fixedLoops(), { batch: b, seq: s })).toBe((loops * layers + 1 + 2) * layer + head);
});

it('counts training three times, and steps without gradient once', () => {
  expect(flops(config, loopLM(), { batch: b, seq: s, train: true })).toBe(
    3 * flops(config, loopLM(), { batch: b, seq: s }),
  );
  const cut = flops(config, fixedLoops({ gradLoops: 1 }), { batch: b, seq: s, train: true });
  expect(cut).toBe((3 + (loops - 1)) * layers * layer + 3 * head);
});

it('counts the keys a policy makes and reads, adapters once a pass, and the products a strategy states', () => {
  const count = (change: object) => flops(config, { ...fixedLoops(), ...change }, { batch: b, seq: s });
  const plain = count({});
  const pairs = layers * 2 * b * s * s * d * 2;
  expect(count({ kv: sharedFirst() })).toBe(plain - (loops - 1) * layers * 2 * rows * d * d * 2);
  expect(count({ kv: upToDepth() })).toBe(plain + (1 + 2 + 3) * pairs); // slots beyond the first in loops 1, 2, 3
  const cores = () => [{ name: 'core', adapters: { variants: 2, rank: 5 } }];
  expect(count({ cores })).toBe(plain + 2 * layers * 2 * 5 * (4 * d * d + 3 * d * f));
  expect(count({ products: () => 7 })).toBe(plain + loops * 2 * rows * 7);
});
