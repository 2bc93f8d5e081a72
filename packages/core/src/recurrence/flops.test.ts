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

it('counts readouts, a Jacobian and a prefix of its own by the plan', () => {
  const cut = fixedLoops({ gradLoops: 3 });
  const work = { batch: b, seq: s, train: true };
  const one = flops(config, cut, work);
  expect(flops(config, cut, { ...work, readouts: 'gradient' }) - one).toBe(3 * 2 * head);
  expect(flops(config, cut, { ...work, readouts: 'all' }) - one).toBe(3 * (loops - 1) * head);
  expect(flops(config, cut, { ...work, jacobian: true }) - one).toBe(3 * layers * layer);
  const prelude = { ...config, prelude: 2 };
  expect(flops(prelude, cut, { ...work, begun: true }) - flops(prelude, cut, work)).toBe(2 * layer);
});

it('counts the iterations of an implicit gradient: products with weights once, attention twice', () => {
  const implicit = { ...fixedLoops(), gradient: { implicit: 5 } };
  const attention = 2 * b * s * s * d * 2;
  const got = flops(config, implicit, { batch: b, seq: s, train: true });
  expect(got).toBe((loops - 1 + 3) * layers * layer + 5 * layers * (layer + attention) + 3 * head);
  expect(flops(config, implicit, { batch: b, seq: s })).toBe(flops(config, fixedLoops(), { batch: b, seq: s }));
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
