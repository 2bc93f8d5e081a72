// Running products along an axis.
import { cast, mul } from '../../graph/build.ts';
import type { Value } from '../../graph/graph.ts';
import { input, kernel, normalAxes } from './kernel.ts';
import { pad, slice } from './shape.ts';

/** x moved by `by` places along `axis` (back if `reverse`), ones in the gap. */
function shift(x: Value, axis: number, by: number, reverse: boolean): Value {
  const at = (n: number): number[] => x.shape.map((_, i) => (i === axis ? n : 0));
  const sizes = x.shape.map((n, i) => (i === axis ? n - by : n));
  const kept = slice(x, at(reverse ? by : 0), sizes);
  return pad(kept, at(reverse ? 0 : by), at(reverse ? by : 0), 1);
}

/** Registers the kernels that carry a value along an axis. */
export function registerScan(): void {
  // ONNX has no running product: windows of 1, 2, 4, … elements are multiplied (Hillis & Steele 1986).
  kernel('Cumprod', (inputs, attrs) => {
    const x = input(inputs, 'x');
    const axis = normalAxes(attrs.axis ?? 0, x.shape.length)[0] ?? 0;
    const n = x.shape[axis] ?? 0;
    const reverse = (attrs.reverse as boolean | undefined) ?? false;
    let y = x.dtype === 'bool' ? cast(x, 'int32') : x;
    if (attrs.exclusive && n > 0) y = shift(y, axis, 1, reverse);
    for (let by = 1; by < n; by *= 2) y = mul(y, shift(y, axis, by, reverse));
    return y;
  });
}
