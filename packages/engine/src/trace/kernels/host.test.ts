// Kernels that no graph can hold: run when their inputs are known, refused with a cure when not.
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { agree, bothBackends, i } from './referenceCheck.ts';

beforeAll(bothBackends);

describe('what a compiled graph cannot hold', () => {
  it('is done at once when the values are known', async () => {
    await agree((x) => Object.values(tf.unique(x as tf.Tensor1D)), [i([9], 0, 4)], false);
  });
  it('is refused with a cure when they are not', async () => {
    await tf.setBackend('onnx');
    const pending = tf.add(tf.tensor1d([1, 1, 2]), 1);
    expect(() => tf.unique(pending)).toThrow(/Unique.*'x'.*await its data\(\) first/);
    await pending.data();
    expect(await tf.unique(pending).values.data()).toEqual(new Float32Array([2, 3]));
  });
  it('names the type that no kernel takes', async () => {
    await tf.setBackend('onnx');
    expect(() => tf.reshape(tf.tensor(['a', 'b']), [2, 1])).toThrow(/cannot run Reshape: string tensors.*useDevice/);
  });
});
