// Convolutions and pools of random geometry agree with TensorFlow.js's reference, gradients included.
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, it } from 'vitest';
import { agree, bothBackends, f } from './referenceCheck.ts';

beforeAll(bothBackends);

describe('windows of any size, stride, dilation and padding', () => {
  const window = fc
    .record({
      size: fc.tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 })),
      kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      strides: fc.integer({ min: 1, max: 3 }),
      dilations: fc.integer({ min: 1, max: 2 }),
      pad: fc.constantFrom('valid' as const, 'same' as const, 1, 2),
      channels: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    })
    // tfjs refuses stride with dilation, and has no gradient of dilated convolutions
    .map((w) => (w.strides > 1 ? { ...w, dilations: 1 } : w))
    .filter((w) => w.size.every((n, axis) => n >= ((w.kernel[axis] as number) - 1) * w.dilations + 1));
  const runs = { numRuns: 15, seed: 1 };

  it('conv2d', async () => {
    await fc.assert(
      fc.asyncProperty(window, ({ size, kernel, strides, dilations, pad, channels }) =>
        agree(
          (x, w) =>
            tf.conv2d(
              x as tf.Tensor4D,
              w as tf.Tensor4D,
              strides,
              pad,
              'NHWC',
              dilations,
              typeof pad === 'number' ? 'floor' : undefined,
            ),
          [f([2, ...size, channels[0]]), f([...kernel, ...channels])],
          dilations === 1,
        ),
      ),
      runs,
    );
  });
  it('depthwiseConv2d', async () => {
    await fc.assert(
      fc.asyncProperty(window, ({ size, kernel, strides, dilations, pad, channels }) =>
        agree(
          (x, w) =>
            tf.depthwiseConv2d(
              x as tf.Tensor4D,
              w as tf.Tensor4D,
              strides,
              pad,
              'NHWC',
              dilations,
              typeof pad === 'number' ? 'floor' : undefined,
            ),
          [f([2, ...size, channels[0]]), f([...kernel, ...channels])],
          dilations === 1,
        ),
      ),
      runs,
    );
  });
  it('conv3d', async () => {
    await fc.assert(
      fc.asyncProperty(window, ({ size, kernel, strides, pad, channels }) =>
        agree(
          (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, strides, typeof pad === 'number' ? 'same' : pad),
          [f([1, 3, ...size, channels[0]]), f([2, ...kernel, ...channels])],
          true,
        ),
      ),
      runs,
    );
  });
  for (const [name, pool] of [
    ['maxPool', tf.maxPool],
    ['avgPool', tf.avgPool],
  ] as const) {
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(window, ({ size, kernel, strides, pad, channels }) =>
          agree(
            (x) => pool(x as tf.Tensor4D, kernel, strides, typeof pad === 'number' ? 'same' : pad),
            [f([2, ...size, channels[0]])],
            true,
          ),
        ),
        runs,
      );
    });
  }
});
