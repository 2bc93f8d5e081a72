// The exit distribution of every token from the halting logits, in float64.
import type { Readouts } from './readouts.ts';

/**
 * `p_t = lambda_t prod_{j<t} (1 - lambda_j)`, the last trained loop takes the rest (arXiv 2510.25741, section 3.2).
 * @returns one array a trained loop; empty without a gate
 */
export function exitProbabilities(of: Pick<Readouts, 'halt' | 'trained' | 'tokens'>): Float64Array[] {
  if (of.halt.length === 0) return [];
  const survival = new Float64Array(of.tokens).fill(1);
  return Array.from({ length: of.trained }, (_, t) =>
    Float64Array.from({ length: of.tokens }, (_, i) => {
      const before = survival[i] ?? 0;
      if (t === of.trained - 1) return before;
      const lambda = 1 / (1 + Math.exp(-(of.halt[t]?.[i] ?? 0)));
      survival[i] = before * (1 - lambda);
      return before * lambda;
    }),
  );
}
