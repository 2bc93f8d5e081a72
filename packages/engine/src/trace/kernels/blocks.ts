// Blocks of space moved into the batch or the channels, and back.
import { reshape, transpose } from '../../graph/build.ts';
import { size } from '../../graph/graph.ts';
import { upTo } from './constant.ts';
import { input, kernel } from './kernel.ts';
import { pad, slice } from './shape.ts';

/** Registers the kernels on blocks of space. */
export function registerBlocks(): void {
  // [B, s1 b1, s2 b2, …] -> [b1 b2 … B, s1, s2, …]
  kernel('SpaceToBatchND', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const { blockShape, paddings } = attrs as { blockShape: number[]; paddings: [number, number][] };
    const m = blockShape.length;
    const rest = x.shape.slice(1 + m);
    const none = rest.map(() => 0);
    const padded = pad(x, [0, ...paddings.map((p) => p[0]), ...none], [0, ...paddings.map((p) => p[1]), ...none], 0);
    const batch = x.shape[0] as number;
    const spatial = blockShape.map((b, i) => (padded.shape[1 + i] as number) / b);
    const split = reshape(padded, [batch, ...spatial.flatMap((s, i) => [s, blockShape[i] as number]), ...rest]);
    const blocks = upTo(m).map((i) => 2 + 2 * i);
    const places = upTo(m).map((i) => 1 + 2 * i);
    const perm = [...blocks, 0, ...places, ...rest.map((_, i) => 1 + 2 * m + i)];
    return reshape(transpose(split, perm), [batch * size(blockShape), ...spatial, ...rest]);
  });
  // [b1 b2 … B, s1, s2, …] -> [B, s1 b1, s2 b2, …], cropped
  kernel('BatchToSpaceND', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const { blockShape, crops } = attrs as { blockShape: number[]; crops: [number, number][] };
    const m = blockShape.length;
    const rest = x.shape.slice(1 + m);
    const batch = (x.shape[0] as number) / size(blockShape);
    const split = reshape(x, [...blockShape, batch, ...x.shape.slice(1)]);
    const perm = [m, ...upTo(m).flatMap((i) => [m + 1 + i, i]), ...rest.map((_, i) => 2 * m + 1 + i)];
    const spatial = blockShape.map((b, i) => (x.shape[1 + i] as number) * b);
    const merged = reshape(transpose(split, perm), [batch, ...spatial, ...rest]);
    const begin = [0, ...crops.map((c) => c[0]), ...rest.map(() => 0)];
    return slice(merged, begin, [
      batch,
      ...spatial.map((n, i) => n - ((crops[i]?.[0] ?? 0) + (crops[i]?.[1] ?? 0))),
      ...rest,
    ]);
  });
  // Channels to blocks of blockSize squared; the place in the block comes first among the channels.
  kernel('DepthToSpace', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const b = attrs.blockSize as number;
    if (attrs.dataFormat === 'NHWC') {
      const [n, h, w, c] = x.shape as [number, number, number, number];
      const split = reshape(x, [n, h, w, b, b, c / (b * b)]);
      return reshape(transpose(split, [0, 1, 3, 2, 4, 5]), [n, h * b, w * b, c / (b * b)]);
    }
    const [n, c, h, w] = x.shape as [number, number, number, number];
    const split = reshape(x, [n, b, b, c / (b * b), h, w]);
    return reshape(transpose(split, [0, 3, 4, 1, 5, 2]), [n, c / (b * b), h * b, w * b]);
  });
}
