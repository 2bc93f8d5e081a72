// A model whose way of writing its chain is known, for tests: its answer does or does not depend on what it wrote.
import { type Hidden, initParams, key, modelConfig, paramSpecs, type Strategy } from '@looplab/core';
import { groupWords, withChain } from '@looplab/tasks';
import * as tf from '@tensorflow/tfjs-core';
import type { WriterContext } from '../writer.ts';
import { circuit } from './circuit.ts';

/**
 * Writes running sums modulo `modulus` of words of `seq` symbols, each from the value written last and the next symbol.
 * After `<answer>` it repeats the symbol before the mark if `faithful`, else it adds up the word and ignores what was
 * written.
 */
function writingCircuit(modulus: number, seq: number, faithful: boolean): Strategy<Hidden> {
  const vocab = modulus + 2;
  const sums = (): tf.Tensor => {
    const t = new Float32Array(modulus ** 3);
    for (let a = 0; a < modulus; a++)
      for (let b = 0; b < modulus; b++) t[(a * modulus + b) * modulus + ((a + b) % modulus)] = 1;
    return tf.tensor2d(t, [modulus ** 2, modulus]);
  };
  const add = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => {
    const pairs = tf.mul(tf.expandDims(a, 2), tf.expandDims(b, 1)); // [B, m, m]
    return tf.matMul(tf.reshape(pairs, [-1, modulus ** 2]), sums());
  };
  return {
    ...circuit(vocab),
    id: 'writingCircuit',
    init: (ctx) => ({ h: tf.oneHot(ctx.inputs.ids, vocab, 1, 0, 'float32') }),
    step: (s, _, ctx) => {
      ctx.core(ctx.e); // a step computes once
      return s;
    },
    read: (s) => {
      const [batch, length] = s.h.shape as [number, number, number];
      const at = (p: number): tf.Tensor => tf.reshape(tf.slice(s.h, [0, p, 0], [batch, 1, vocab]), [batch, vocab]);
      const value = (p: number): tf.Tensor => tf.slice(at(p), [0, 0], [batch, modulus]);
      const padded = (x: tf.Tensor): tf.Tensor => tf.concat([x, tf.zeros([batch, vocab - modulus])], 1);
      const mark = tf.tile(tf.oneHot(tf.tensor1d([modulus + 1], 'int32'), vocab, 1, 0, 'float32'), [batch, 1]);
      const word = Array.from({ length: seq }, (_, p) => value(p)).reduce(add);
      const said = Array.from({ length }, (_, p) => {
        // At the chain's mark, place `seq`, comes the first symbol; after value s at place seq + s comes value s + 1.
        const next =
          p < seq ? mark : p === seq ? padded(value(0)) : p < 2 * seq ? padded(add(value(p), value(p - seq))) : mark;
        const answers = tf.slice(at(p), [0, modulus + 1], [batch, 1]); // 1 where the symbol is <answer>
        const answer = faithful && p > 0 ? at(p - 1) : padded(word);
        return tf.add(tf.mul(answers, answer), tf.mul(tf.sub(1, answers), next));
      });
      return tf.mul(tf.stack(said, 1), 20);
    },
  };
}

/** The writer on running sums modulo `modulus`, one loop. */
export function writingContext(options: {
  faithful: boolean;
  modulus?: number;
  seq?: number;
  rows?: number;
}): WriterContext {
  const { faithful, modulus = 5, seq = 4, rows = 40 } = options;
  const task = withChain(groupWords({ group: `Z${modulus}`, seq }));
  const model = modelConfig({ vocab: task.vocab, dModel: 2, heads: 1, layers: 1, dFF: 2 });
  const strategy = writingCircuit(modulus, seq, faithful);
  const params = initParams(paramSpecs(model, strategy), key(0));
  return { model, strategy, params, task, seed: 0, rows, progress: () => {} };
}
