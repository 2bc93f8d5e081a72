// IsoFLOP curves: at a fixed training budget, the loss that a law predicts for every split between size and tokens.
import { predict, type ScalingLaw } from './law.ts';

export interface IsoFlopPoint {
  /** Training FLOPs. */
  readonly budget: number;
  readonly T: number;
  readonly N: number;
  readonly D: number;
  readonly loss: number;
  /** Whether this is the lowest loss of its budget and depth. */
  readonly best: boolean;
}

/**
 * For each budget and depth, the predicted loss over sizes spaced evenly in log N, tokens taking what is left of the
 * budget.
 * @param flopsPerToken training FLOPs of one token; default `6 N T` (two for the forward, four for the backward
 *   product, a loop each)
 */
export function isoFlop(
  law: ScalingLaw,
  of: {
    readonly budgets: readonly number[];
    readonly loops: readonly number[];
    readonly sizes: readonly [number, number];
    readonly points?: number;
    flopsPerToken?(N: number, T: number): number;
  },
): IsoFlopPoint[] {
  const { budgets, loops, sizes, points = 41, flopsPerToken = (N: number, T: number) => 6 * N * T } = of;
  const [from, to] = [Math.log(sizes[0]), Math.log(sizes[1])];
  return budgets.flatMap((budget) =>
    loops.flatMap((T) => {
      const curve = Array.from({ length: points }, (_, i) => {
        const N = Math.exp(from + ((to - from) * i) / (points - 1));
        const D = budget / flopsPerToken(N, T);
        return { budget, T, N, D, loss: predict(law, { N, D, T }) };
      });
      const lowest = Math.min(...curve.map((c) => c.loss));
      return curve.map((c) => ({ ...c, best: c.loss === lowest }));
    }),
  );
}
