// Sums of products over named axes.
import { backend_util, type Tensor } from '@tensorflow/tfjs-core';
import { cast, op } from '../../graph/build.ts';
import { kernel } from './kernel.ts';

/** Registers the einsum kernel. */
export function registerEinsum(): void {
  kernel('Einsum', (inputs, attrs) => {
    const equation = (attrs.equation as string).replace(/\s/g, '');
    const all = Object.values(inputs);
    // refuses equations and shapes that do not fit
    const { allDims, idDims } = backend_util.decodeEinsumEquation(equation, all.length);
    backend_util.checkEinsumDimSizes(
      allDims.length,
      idDims,
      all.map((v) => ({ shape: v.shape }) as Tensor),
    );
    const dtype = all.some((v) => v.dtype === 'float32') ? 'float32' : 'int32';
    const [terms, result] = equation.split('->') as [string, string];
    const sizes = new Map<string, number>();
    terms.split(',').forEach((term, i) => {
      for (const [j, letter] of [...term].entries()) sizes.set(letter, all[i]?.shape[j] ?? 1);
    });
    const shape = [...result].map((letter) => sizes.get(letter) ?? 1);
    return op(
      'Einsum',
      all.map((v) => cast(v, dtype)),
      { shape, dtype },
      { equation },
    );
  });
}
