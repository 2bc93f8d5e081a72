// Batch normalisation with given moments, and local response normalisation across channels.
import { add, cast, div, matMul, mul, op, scalar, sub, unary } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { constant, upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';

interface LrnAttrs {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** [C, C]: 1 where two channels are at most `radius` apart. Its product with channels sums each neighbourhood. */
function neighbours(channels: number, radius: number): Value {
  const near = upTo(channels).flatMap((i) => upTo(channels).map((j) => (Math.abs(i - j) <= radius ? 1 : 0)));
  return constant(near, [channels, channels], 'float32');
}

/** `bias + alpha * sum of squares in the neighbourhood`, [..., C]. */
function lrnNorm(x: Value, { depthRadius, bias, alpha }: LrnAttrs): Value {
  const squares = matMul(mul(x, x), neighbours(x.shape.at(-1) as number, depthRadius), { alpha });
  return add(squares, scalar(bias));
}

const power = (x: Value, exponent: number): Value =>
  op('Pow', [x, scalar(exponent)], { shape: x.shape, dtype: 'float32' });

/** Registers the normalisation kernels. */
export function registerNormalization(): void {
  kernel('FusedBatchNorm', (inputs, attrs) => {
    const { scale, offset } = inputs;
    const deviation = unary('Sqrt', add(input(inputs, 'variance'), scalar(attrs.varianceEpsilon ?? 0.001)));
    const centred = sub(input(inputs, 'x'), input(inputs, 'mean'));
    const y = scale ? mul(centred, div(scale, deviation)) : div(centred, deviation);
    return offset ? add(y, offset) : y;
  });
  kernel('LRN', (inputs, attrs) => {
    const x = cast(input(inputs, 'x'), 'float32');
    return mul(x, power(lrnNorm(x, attrs as LrnAttrs), -attrs.beta));
  });
  kernel('LRNGrad', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const dy = input(inputs, 'dy');
    const norm = lrnNorm(x, attrs as LrnAttrs);
    const through = div(mul(input(inputs, 'y'), dy), norm); // what each place hands to its neighbours
    const near = neighbours(x.shape.at(-1) as number, attrs.depthRadius);
    const sums = matMul(through, near, { alpha: 2 * attrs.alpha * attrs.beta });
    return sub(mul(dy, power(norm, -attrs.beta)), mul(x, sums));
  });
}
