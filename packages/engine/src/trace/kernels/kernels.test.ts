// Every kernel and gradient within 1e-5 of TensorFlow.js's own reference backend, on random inputs.
// (TensorFlow.js's tests, run by test/tfjs, check more cases but allow 1e-3.)
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, it } from 'vitest';
import { type Arg, agree, b, bothBackends, type Fn, f, i } from './referenceCheck.ts';

beforeAll(bothBackends);

/** Name, function, inputs; `forward` where tfjs has no gradient or the function has none. */
type Row = readonly [name: string, fn: Fn, args: readonly Arg[], forward?: 'forward'];
const v = f([2, 3, 4]);
const row = f([4]);

const unary: Row[] = [
  ['abs', tf.abs, [v]],
  ['acos', tf.acos, [f([9], -0.9, 0.9)]],
  ['acosh', tf.acosh, [f([9], 1.1, 4)]],
  ['asin', tf.asin, [f([9], -0.9, 0.9)]],
  ['asinh', tf.asinh, [v]],
  ['atan', tf.atan, [v]],
  ['atanh', tf.atanh, [f([9], -0.9, 0.9)]],
  ['ceil', tf.ceil, [v]],
  ['clipByValue', (x) => tf.clipByValue(x as tf.Tensor, -1, 0.5), [v]],
  ['cos', tf.cos, [v]],
  ['cosh', tf.cosh, [v]],
  ['elu', tf.elu, [v]],
  ['erf', tf.erf, [v]],
  ['exp', tf.exp, [v]],
  ['expm1', tf.expm1, [v]],
  ['expm1 near 0', tf.expm1, [f([9], -1e-6, 1e-6)]],
  ['floor', tf.floor, [v]],
  ['isFinite', tf.isFinite, [v], 'forward'],
  ['leakyRelu', (x) => tf.leakyRelu(x as tf.Tensor, 0.3), [v]],
  ['log', tf.log, [f([9], 0.1, 9)]],
  ['log1p', tf.log1p, [f([9], -0.5, 9)]],
  ['log1p near 0', tf.log1p, [f([9], -1e-6, 1e-6)]],
  ['logicalNot', tf.logicalNot, [b([9])], 'forward'],
  ['neg', tf.neg, [v]],
  ['neg int32', tf.neg, [i([9])], 'forward'],
  ['reciprocal', tf.reciprocal, [f([9], 0.1, 9)]],
  ['relu', tf.relu, [v]],
  ['relu6', tf.relu6, [f([9], -3, 9)]],
  ['round', tf.round, [v]],
  ['rsqrt', tf.rsqrt, [f([9], 0.1, 9)]],
  ['selu', tf.selu, [v]],
  ['sigmoid', tf.sigmoid, [v]],
  ['sign', tf.sign, [v]],
  ['sin', tf.sin, [v]],
  ['sinh', tf.sinh, [v]],
  ['softplus', tf.softplus, [f([9], -30, 30)]],
  ['sqrt', tf.sqrt, [f([9], 0.1, 9)]],
  ['square', tf.square, [v]],
  ['step', (x) => tf.step(x as tf.Tensor, 0.3), [v]],
  ['tan', tf.tan, [f([9], -1, 1)]],
  ['tanh', tf.tanh, [v]],
  ['to int32', (x) => tf.cast(x as tf.Tensor, 'int32'), [f([9], -5, 5)], 'forward'],
  ['to bool', (x) => tf.cast(x as tf.Tensor, 'bool'), [i([9], -1, 2)], 'forward'],
];

const binary: Row[] = [
  ['add', tf.add, [v, row]],
  ['addN', (...xs) => tf.addN(xs), [v, v, v]],
  ['atan2', tf.atan2, [v, row]],
  ['div', tf.div, [v, f([4], 0.5, 2)]],
  ['equal', tf.equal, [i([9], 0, 3), i([9], 0, 3)], 'forward'],
  ['floorDiv', tf.floorDiv, [f([9], -9, 9), f([9], 0.5, 3)], 'forward'],
  ['floorDiv int32', tf.floorDiv, [i([99]), i([99], -3, 4)], 'forward'],
  ['floorDiv of large int32', tf.floorDiv, [i([9], -2_000_000_000, 2_000_000_000), i([9], 1, 4)], 'forward'],
  ['greater', tf.greater, [v, row], 'forward'],
  ['greaterEqual int32', tf.greaterEqual, [i([9], 0, 3), i([9], 0, 3)], 'forward'],
  ['less', tf.less, [v, row], 'forward'],
  ['logicalAnd', tf.logicalAnd, [b([9]), b([9])], 'forward'],
  ['logicalXor', tf.logicalXor, [b([9]), b([9])], 'forward'],
  ['maximum', tf.maximum, [v, v]],
  ['minimum', tf.minimum, [v, v]],
  ['mod', tf.mod, [v, f([4], 0.5, 2)]],
  ['mod int32', tf.mod, [i([99]), i([99], 1, 4)], 'forward'],
  ['mul', tf.mul, [v, row]],
  ['mul int32', tf.mul, [i([9]), i([9])], 'forward'],
  ['pow', tf.pow, [f([9], 0.2, 3), f([9])]],
  ['prelu', (x, a) => tf.prelu(x as tf.Tensor, a as tf.Tensor), [v, row]],
  ['squaredDifference', tf.squaredDifference, [v, v]],
  ['sub', tf.sub, [v, row]],
  ['where', (c, x, y) => tf.where(c as tf.Tensor, x as tf.Tensor, y as tf.Tensor), [b([2, 3, 4]), v, v]],
];

const reductions: Row[] = [
  ['all', (x) => tf.all(x as tf.Tensor, 1), [b([3, 4])], 'forward'],
  ['any', (x) => tf.any(x as tf.Tensor, 1), [b([3, 4])], 'forward'],
  ['argMax', (x) => tf.argMax(x as tf.Tensor, 1), [v], 'forward'],
  ['argMin', (x) => tf.argMin(x as tf.Tensor, -1), [v], 'forward'],
  ['cumsum', (x) => tf.cumsum(x as tf.Tensor, 1, true, true), [v], 'forward'],
  ['cumsum of the last axis', (x) => tf.cumsum(x as tf.Tensor, 2), [v]],
  ['cumprod', (x) => tf.cumprod(x as tf.Tensor, 1, true, true), [v], 'forward'],
  ['logSoftmax', (x) => tf.logSoftmax(x as tf.Tensor), [v]],
  ['logSumExp', (x) => tf.logSumExp(x as tf.Tensor, 1), [v]],
  ['max', (x) => tf.max(x as tf.Tensor, [0, 2]), [v]],
  ['mean', (x) => tf.mean(x as tf.Tensor, 1, true), [v]],
  ['mean int32', (x) => tf.mean(x as tf.Tensor, 0), [i([3, 4])], 'forward'],
  ['min', (x) => tf.min(x as tf.Tensor, 1), [v]],
  ['prod', (x) => tf.prod(x as tf.Tensor, 1), [v]],
  ['softmax', (x) => tf.softmax(x as tf.Tensor), [v]],
  ['sum', (x) => tf.sum(x as tf.Tensor, [0, -1]), [v]],
  ['sum bool', (x) => tf.sum(x as tf.Tensor), [b([9])], 'forward'],
];

const shapes: Row[] = [
  [
    'batchToSpaceND',
    (x) =>
      tf.batchToSpaceND(
        x as tf.Tensor,
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
    [f([8, 2, 3, 2])],
  ],
  ['broadcastTo', (x) => tf.broadcastTo(x as tf.Tensor, [2, 3, 4]), [f([3, 1])]],
  ['concat', (x, y) => tf.concat([x as tf.Tensor, y as tf.Tensor], 1), [f([2, 3]), f([2, 1])]],
  ['depthToSpace', (x) => tf.depthToSpace(x as tf.Tensor4D, 2), [f([1, 2, 3, 8])], 'forward'],
  ['diag', (x) => tf.diag(x as tf.Tensor), [f([4])], 'forward'],
  ['gather', (x, ids) => tf.gather(x as tf.Tensor, ids as tf.Tensor1D, 1), [v, i([5], 0, 3)]],
  ['gather batched', (x, ids) => tf.gather(x as tf.Tensor, ids as tf.Tensor2D, 1, 1), [v, i([2, 5], 0, 3)], 'forward'],
  ['gatherND', (x, ids) => tf.gatherND(x as tf.Tensor, ids as tf.Tensor), [v, i([5, 2], 0, 2)], 'forward'],
  [
    'mirrorPad',
    (x) =>
      tf.mirrorPad(
        x as tf.Tensor,
        [
          [1, 2],
          [2, 0],
        ],
        'symmetric',
      ),
    [f([3, 4])],
  ],
  ['oneHot', (ids) => tf.oneHot(ids as tf.Tensor, 5), [i([2, 3], -1, 6)], 'forward'],
  [
    'pad',
    (x) =>
      tf.pad(
        x as tf.Tensor,
        [
          [1, 2],
          [0, 1],
        ],
        3,
      ),
    [f([3, 4])],
  ],
  ['reverse', (x) => tf.reverse(x as tf.Tensor, [0, 2]), [v]],
  [
    'scatterND',
    (ids, x) => tf.scatterND(ids as tf.Tensor, x as tf.Tensor, [4, 3]),
    [i([6, 1], 0, 4), f([6, 3])],
    'forward',
  ],
  [
    'searchSorted',
    (x) => tf.searchSorted(tf.tensor2d([[-1, 0, 0, 1]]), x as tf.Tensor2D, 'right'),
    [f([1, 9])],
    'forward',
  ],
  ['slice', (x) => tf.slice(x as tf.Tensor, [0, 1, 1], [2, 1, -1]), [v]],
  [
    'spaceToBatchND',
    (x) =>
      tf.spaceToBatchND(
        x as tf.Tensor,
        [2, 2],
        [
          [0, 1],
          [1, 1],
        ],
      ),
    [f([2, 3, 4, 2])],
  ],
  ['split', (x) => tf.split(x as tf.Tensor, [1, 2, 1], 2), [v]],
  ['stack', (x, y) => tf.stack([x as tf.Tensor, y as tf.Tensor], 1), [v, v]],
  ['stridedSlice', (x) => tf.stridedSlice(x as tf.Tensor, [2, -1], [0, -5], [-1, -2]), [f([3, 4])], 'forward'],
  ['tile', (x) => tf.tile(x as tf.Tensor, [2, 3]), [f([2, 3])]],
  ['topk', (x) => Object.values(tf.topk(x as tf.Tensor, 2)), [v], 'forward'],
  ['transpose', (x) => tf.transpose(x as tf.Tensor, [2, 0, 1]), [v]],
  [
    'unsortedSegmentSum',
    (x, ids) => tf.unsortedSegmentSum(x as tf.Tensor, ids as tf.Tensor1D, 3),
    [f([6, 2]), i([6], 0, 3)],
  ],
  ['unstack', (x) => tf.unstack(x as tf.Tensor, 1), [v]],
];

const products: Row[] = [
  ['dot', (x, y) => tf.dot(x as tf.Tensor, y as tf.Tensor), [f([3, 4]), f([4])]],
  [
    'einsum',
    (x, y) => tf.einsum('bij,bjk->bik', x as tf.Tensor, y as tf.Tensor),
    [f([2, 3, 4]), f([2, 4, 5])],
    'forward',
  ],
  ['matMul', (x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor), [f([7, 9]), f([9, 5])]],
  ['matMul transposed', (x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor, true, true), [f([2, 9, 7]), f([2, 5, 9])]],
  [
    'matMul broadcast',
    (x, y) => tf.matMul(x as tf.Tensor, y as tf.Tensor),
    [f([2, 3, 7, 9]), f([1, 3, 9, 5])],
    'forward',
  ],
  [
    'fused.matMul',
    (a, w, bias) =>
      tf.fused.matMul({ a: a as tf.Tensor, b: w as tf.Tensor, bias: bias as tf.Tensor, activation: 'relu' }),
    [f([7, 9]), f([9, 5]), f([5])],
  ],
];

// one square image: the reference's own gradients of resizing are wrong for others
const square = f([1, 4, 4, 2]);
const images: Row[] = [
  [
    'batchNorm',
    (x, ...p) => tf.batchNorm(x as tf.Tensor, ...(p as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D])),
    [v, row, f([4], 0.5, 2), row, row],
  ],
  [
    'localResponseNormalization',
    (x) => tf.localResponseNormalization(x as tf.Tensor4D, 2, 1, 0.5, 0.7),
    [f([1, 2, 3, 7])],
  ],
  ['resizeBilinear', (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 7]), [square]],
  ['resizeBilinear aligned', (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 7], true), [square]],
  [
    'resizeBilinear by centres',
    (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 2], false, true),
    [f([2, 3, 4, 2])],
    'forward',
  ],
  ['resizeNearest', (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 7]), [square]],
  [
    'resizeNearest by centres',
    (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 2], false, true),
    [f([2, 3, 4, 2])],
    'forward',
  ],
  [
    'cropAndResize',
    (x, boxes, ids) => tf.image.cropAndResize(x as tf.Tensor4D, boxes as tf.Tensor2D, ids as tf.Tensor1D, [3, 4]),
    [f([2, 5, 6, 2]), f([3, 4], -0.1, 1.1), i([3], 0, 2)],
    'forward',
  ],
  ['rotateWithOffset', (x) => tf.image.rotateWithOffset(x as tf.Tensor4D, 0.7, 0.5, 0.4), [f([2, 5, 6, 2])], 'forward'],
  ...(['constant', 'reflect', 'wrap', 'nearest'] as const).map(
    (mode): Row => [
      `transform ${mode}`,
      (x, t) => tf.image.transform(x as tf.Tensor4D, t as tf.Tensor2D, 'bilinear', mode, 0.5),
      [f([1, 5, 6, 2]), f([1, 8], -0.5, 0.7)],
      'forward',
    ],
  ),
  [
    'dilation2d',
    (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 2, 'same'),
    [f([2, 6, 7, 3]), f([2, 3, 3])],
  ],
];

for (const [family, rows] of Object.entries({ unary, binary, reductions, shapes, products, images })) {
  describe(family, () => {
    for (const [name, fn, args, forward] of rows) it(name, () => agree(fn, args, forward === undefined));
  });
}
