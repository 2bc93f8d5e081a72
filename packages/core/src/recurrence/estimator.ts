// How gradients get through a recurrence: the choices, their settings, and how much of a plan they differentiate.

/**
 * `bptt`: through every step that the plan gives gradient. `implicit`: the gradient of the fixed point itself, by so many
 * iterations in the backward pass. `phantom`: through so many damped steps made from the fixed point.
 */
export type GradientEstimator =
  | 'bptt'
  | 'implicit'
  | { readonly implicit: number }
  | { readonly phantom: number; readonly tau: number };

/** An estimator with nothing left open. */
export type EstimatorSettings =
  | { readonly kind: 'bptt' }
  | { readonly kind: 'implicit'; readonly iterations: number }
  | { readonly kind: 'phantom'; readonly steps: number; readonly tau: number };

/** Iterations of the backward pass unless said otherwise; the DEQ code takes 30 to 40. */
const ITERATIONS = 30;

/** Spells an estimator out. */
export function estimatorSettings(gradient: GradientEstimator): EstimatorSettings {
  if (gradient === 'bptt') return { kind: 'bptt' };
  if (gradient === 'implicit') return { kind: 'implicit', iterations: ITERATIONS };
  if ('implicit' in gradient) return { kind: 'implicit', iterations: gradient.implicit };
  return { kind: 'phantom', steps: gradient.phantom, tau: gradient.tau };
}

/** What is wrong with an estimator, in words that follow its name; undefined if nothing is. */
export function estimatorProblem(gradient: GradientEstimator): string | undefined {
  const s = estimatorSettings(gradient);
  const isWhole = (n: number): boolean => Number.isInteger(n) && n >= 1;
  if (s.kind === 'implicit' && !isWhole(s.iterations))
    return `takes a whole number of iterations >= 1 (got ${s.iterations})`;
  if (s.kind === 'phantom' && !isWhole(s.steps)) return `takes a whole number of steps >= 1 (got ${s.steps})`;
  if (s.kind === 'phantom' && !(s.tau > 0 && s.tau <= 1)) return `takes a tau in (0, 1] (got ${s.tau})`;
  return undefined;
}

/** How many steps at the end of a plan carry gradient; undefined where the plan itself says so. */
export function gradientTail(gradient: GradientEstimator): number | undefined {
  const s = estimatorSettings(gradient);
  if (s.kind === 'bptt') return undefined;
  return s.kind === 'implicit' ? 1 : s.steps;
}
