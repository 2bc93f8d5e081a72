// A model whose circuit is known, for tests: loop k adds the running sum at position k to the symbol at position k + 1.
import {
  type Ctx,
  fixedLoops,
  type Hidden,
  initParams,
  key,
  modelConfig,
  paramSpecs,
  type Strategy,
} from '@looplab/core';
import { groupWords } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import type { AnalysisContext } from '../context.ts';

/**
 * State [batch, seq, modulus]: one-hot values, first the symbols. After loop t the positions 0..t hold their running
 * sums modulo `modulus`, the others still their symbols, so chain step s is known at its place from loop s - 1 on (from
 * 1) and nowhere else.
 * @param options.halt the gate's logit, from the one-hot state; without it there is no gate
 */
export function circuit(modulus: number, options: { halt?: (h: tf.Tensor) => tf.Tensor } = {}): Strategy<Hidden> {
  const table = (): tf.Tensor => {
    const t = new Float32Array(modulus ** 3);
    for (let a = 0; a < modulus; a++)
      for (let b = 0; b < modulus; b++) t[(a * modulus + b) * modulus + ((a + b) % modulus)] = 1;
    return tf.tensor2d(t, [modulus ** 2, modulus]);
  };
  const add = (h: tf.Tensor, t: number): tf.Tensor => {
    const [batch, seq] = h.shape as [number, number]; // [B, S, m]
    if (t + 1 >= seq) return h;
    const at = (p: number): tf.Tensor => tf.slice(h, [0, p, 0], [batch, 1, modulus]);
    const pairs = tf.mul(tf.expandDims(at(t), 3), tf.expandDims(at(t + 1), 2)); // [B, 1, m, m]
    const sums = tf.reshape(tf.matMul(tf.reshape(pairs, [batch, modulus ** 2]), table()), [batch, 1, modulus]);
    const before = tf.slice(h, [0, 0, 0], [batch, t + 1, modulus]);
    const after = tf.slice(h, [0, t + 2, 0], [batch, seq - t - 2, modulus]);
    return tf.concat(t + 2 < seq ? [before, sums, after] : [before, sums], 1);
  };
  const { halt } = options;
  const base = fixedLoops();
  return {
    ...base,
    id: 'circuit',
    gives: halt ? ['readouts', 'halt'] : ['readouts'],
    init: (ctx) => ({ h: tf.oneHot(ctx.inputs.ids, modulus, 1, 0, 'float32') }),
    step: (s, k, ctx: Ctx<Hidden>) => {
      ctx.core(ctx.e); // a step computes once; the circuit does not use it
      return { h: add(s.h, k.t) };
    },
    read: (s) => tf.mul(s.h, 20), // nearly certain
    ...(halt ? { halt: (s: Hidden) => halt(s.h) } : {}),
  };
}

/** The circuit on running sums modulo `modulus`, deep enough to finish. */
export function circuitContext(
  options: { modulus?: number; seq?: number; loops?: number; rows?: number; halt?: (h: tf.Tensor) => tf.Tensor } = {},
): AnalysisContext {
  const { modulus = 5, seq = 4, loops = seq - 1, rows = 64, halt } = options;
  const model = modelConfig({ vocab: modulus, dModel: 2, heads: 1, layers: 1, loops, dFF: 2 });
  const strategy = circuit(modulus, halt ? { halt } : {});
  return {
    model,
    strategy,
    params: initParams(paramSpecs(model, strategy), key(0)),
    task: groupWords({ group: `Z${modulus}`, seq }),
    seed: 0,
    rows,
    progress: () => {},
  };
}

/** A strategy whose state is the one-hot symbol at every place and stays so. */
export function echo(vocab: number): Strategy<Hidden> {
  return {
    ...circuit(vocab),
    id: 'echo',
    step: (s, _, ctx) => {
      ctx.core(ctx.e); // a step computes once
      return s;
    },
  };
}
