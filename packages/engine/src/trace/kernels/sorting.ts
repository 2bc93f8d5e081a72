// The largest elements of rows.
import { cast, ops, reshape, splat } from '../../graph/build.ts';
import { constant } from './constant.ts';
import { input, kernel } from './kernel.ts';

/** Registers the sorting kernels. */
export function registerSorting(): void {
  // Largest first, the earlier of equals first, as in tfjs.
  kernel('TopK', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const k = attrs.k as number;
    const shape = [...x.shape.slice(0, -1), k];
    if (k === 0 || x.shape.includes(0)) return [splat(0, shape, x.dtype), splat(0, shape, 'int32')];
    const numbers = x.dtype === 'bool' ? cast(x, 'int32') : x;
    const [values, places] = ops(
      'TopK',
      [numbers, constant([k], [1], 'int64')],
      [
        { shape, dtype: numbers.dtype },
        { shape, dtype: 'int64' },
      ],
      { axis: x.shape.length - 1, largest: 1, sorted: 1 },
    );
    return [values, places].map((v, i) => cast(v ?? reshape(x, shape), i === 0 ? x.dtype : 'int32'));
  });
}
