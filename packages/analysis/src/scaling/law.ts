// The scaling law L = E + A/(N+t1)^a + B/(D+t2)^b + C/(T+t3)^g: fitted from many starts, tested on points held out.
import { fold, type Key, uniform } from '@looplab/core';
import { AnalysisError } from '../analysisError.ts';
import { fitResiduals } from '../linear/leastSquares.ts';
import { mean } from '../statistics/moments.ts';

/** One finished run of a sweep. */
export interface ScalingPoint {
  /** Parameters. */
  readonly N: number;
  /** Training tokens. */
  readonly D: number;
  /** Loops. */
  readonly T: number;
  /** Final held-out loss, nats a token; > 0. */
  readonly loss: number;
  readonly seed?: number;
}

export type Variable = 'N' | 'D' | 'T';
const VARIABLES: readonly Variable[] = ['N', 'D', 'T'];

/** Values of a variable that its scale and exponent can be told from, beside the irreducible loss. */
export const FEWEST = 3;

/** `scale / (x + shift)^exponent`. */
export interface PowerTerm {
  readonly variable: Variable;
  /** At most the largest number there is. */
  readonly scale: number;
  /** Its logarithm, from a fit: that of a steep term is the logarithm of more than a number holds. */
  readonly logScale?: number;
  readonly shift: number;
  readonly exponent: number;
}

export interface ScalingLaw {
  /** The irreducible loss. */
  readonly E: number;
  readonly terms: readonly PowerTerm[];
}

/** The loss a law predicts, nats. */
export function predict({ E, terms }: ScalingLaw, at: Pick<ScalingPoint, Variable>): number {
  return terms.reduce((sum, t) => sum + Math.exp(logScaleOf(t) - t.exponent * Math.log(at[t.variable] + t.shift)), E);
}

function logScaleOf({ scale, logScale }: PowerTerm): number {
  return logScale ?? Math.log(scale);
}

export interface FitOptions {
  /** Which variables have a term; default those with at least three values: fewer fit any exponent. */
  readonly variables?: readonly Variable[];
  /**
   * Which terms have a shift; default those with at least five values, since fewer cannot tell shift and exponent
   * apart.
   */
  readonly shifts?: readonly Variable[];
  /** Random starts; default 40. */
  readonly starts?: number;
  /** Where the Huber loss on log L turns from square to linear; default 1e-3 (Hoffmann et al., arXiv 2203.15556). */
  readonly huber?: number;
  readonly key: Key;
  /** Start from this law alone; for refits on resampled points. */
  readonly from?: ScalingLaw;
}

/** Values that a variable takes in the points. */
export function valuesOf(points: readonly ScalingPoint[], variable: Variable): number[] {
  return [...new Set(points.map((p) => p[variable]))].sort((a, b) => a - b);
}

/** Which terms and shifts a law on these points has, and how many constants that makes. */
function shapeOf(
  points: readonly ScalingPoint[],
  options: Pick<FitOptions, 'variables' | 'shifts'>,
): { variables: readonly Variable[]; shifts: ReadonlySet<Variable>; constants: number } {
  const variables = options.variables ?? VARIABLES.filter((v) => valuesOf(points, v).length >= FEWEST);
  const shifts = new Set(options.shifts ?? variables.filter((v) => valuesOf(points, v).length >= 5));
  return { variables, shifts, constants: 1 + 2 * variables.length + variables.filter((v) => shifts.has(v)).length };
}

/** Whether the points are enough for a law of these terms: three values of each variable, more runs than constants. */
export function canFit(
  points: readonly ScalingPoint[],
  options: Pick<FitOptions, 'shifts'> & { readonly variables: readonly Variable[] },
): boolean {
  const { variables, constants } = shapeOf(points, options);
  return variables.every((v) => valuesOf(points, v).length >= FEWEST) && points.length > constants;
}

/**
 * The law that minimises the Huber loss of log L, of several random starts the best. All constants are positive: their
 * logarithms are what is fitted (arXiv 2510.25741, appendix D, gives the form; 2203.15556 the method).
 * @throws AnalysisError with fewer points than the law has constants, or a loss that is not positive
 */
export function fitLaw(points: readonly ScalingPoint[], options: FitOptions): ScalingLaw {
  const { variables, shifts, constants } = shapeOf(points, options);
  if (variables.length === 0)
    throw new AnalysisError(
      `scaling: neither size nor tokens nor loops have ${FEWEST} values, which a law takes; sweep at least one of them`,
    );
  if (points.length <= constants)
    throw new AnalysisError(
      `scaling: a law in ${variables.join(', ')} has ${constants} constants, ${points.length} runs are too few; finish more than ${constants} runs`,
    );
  for (const p of points) {
    const bad = (['N', 'D', 'T', 'loss'] as const).find((k) => !(p[k] > 0 && Number.isFinite(p[k])));
    if (bad)
      throw new AnalysisError(
        `scaling: a run has ${bad} = ${p[bad]}; all must be positive, leave out runs that diverged`,
      );
  }
  const { starts = 40, huber = 1e-3, key, from } = options;
  const unit = new Map(variables.map((v) => [v, Math.exp(mean(points.map((p) => Math.log(p[v]))))])); // geometric means
  const residuals = residualsOf(points, variables, shifts, unit);
  const lowest = Math.min(...points.map((p) => p.loss));
  const spread = Math.max(...points.map((p) => p.loss)) - lowest || lowest;
  const width = 1 + 3 * variables.length;
  const first = (k: number): Float64Array => {
    const u = uniform(fold(key, k), width);
    const at = (i: number, lo: number, hi: number): number =>
      Math.log(lo) + (u[i] ?? 0) * (Math.log(hi) - Math.log(lo));
    const x = new Float64Array(width);
    x[0] = at(0, lowest * 0.1, lowest);
    for (const [i] of variables.entries()) {
      x[1 + 3 * i] = at(1 + 3 * i, spread * 0.05, spread * 2); // scale, at the geometric mean
      x[2 + 3 * i] = at(2 + 3 * i, 0.05, 2); // exponent
      x[3 + 3 * i] = at(3 + 3 * i, 1e-3, 3); // shift, in geometric means
    }
    return x;
  };
  const from0 = from && encode(from, variables, unit);
  const tries = from0 ? [from0] : Array.from({ length: starts }, (_, k) => first(k));
  const solved = tries.map((x) => {
    const rough = fitResiduals(residuals, points.length, x, { huber: 1 }).x; // least squares first: a better slope from afar
    return fitResiduals(residuals, points.length, rough, { huber });
  });
  const best = solved.reduce((a, b) => (b.cost < a.cost ? b : a)).x;
  return decode(best, variables, shifts, unit);
}

/** `log L(x) - log loss` of every point, and its derivatives by the logarithms of the constants. */
function residualsOf(
  points: readonly ScalingPoint[],
  variables: readonly Variable[],
  shifts: ReadonlySet<Variable>,
  unit: ReadonlyMap<Variable, number>,
): (x: Float64Array, r: Float64Array, jacobian: Float64Array) => void {
  return (x, r, jacobian) => {
    for (const [row, p] of points.entries()) {
      const slope = jacobian.subarray(row * x.length, (row + 1) * x.length);
      let loss = Math.exp(x[0] ?? 0);
      slope[0] = loss;
      for (const [i, v] of variables.entries()) {
        const exponent = Math.exp(x[2 + 3 * i] ?? 0);
        const shift = shifts.has(v) ? Math.exp(x[3 + 3 * i] ?? 0) : 0;
        const at = p[v] / (unit.get(v) ?? 1) + shift;
        const term = Math.exp((x[1 + 3 * i] ?? 0) - exponent * Math.log(at));
        loss += term;
        slope[1 + 3 * i] = term;
        slope[2 + 3 * i] = -term * exponent * Math.log(at);
        slope[3 + 3 * i] = (-term * exponent * shift) / at;
      }
      for (let k = 0; k < x.length; k++) slope[k] = (slope[k] ?? 0) / loss;
      r[row] = Math.log(loss) - Math.log(p.loss);
    }
  };
}

function decode(
  x: Float64Array,
  variables: readonly Variable[],
  shifts: ReadonlySet<Variable>,
  unit: ReadonlyMap<Variable, number>,
): ScalingLaw {
  return {
    E: Math.exp(x[0] ?? 0),
    terms: variables.map((variable, i) => {
      const u = unit.get(variable) ?? 1;
      const exponent = Math.exp(x[2 + 3 * i] ?? 0);
      const logScale = (x[1 + 3 * i] ?? 0) + exponent * Math.log(u);
      return {
        variable,
        scale: Math.min(Number.MAX_VALUE, Math.exp(logScale)),
        logScale,
        shift: shifts.has(variable) ? Math.exp(x[3 + 3 * i] ?? 0) * u : 0,
        exponent,
      };
    }),
  };
}

function encode(law: ScalingLaw, variables: readonly Variable[], unit: ReadonlyMap<Variable, number>): Float64Array {
  const x = new Float64Array(1 + 3 * variables.length);
  x[0] = Math.log(law.E);
  for (const [i, v] of variables.entries()) {
    const t = law.terms.find((term) => term.variable === v);
    if (!t) throw new AnalysisError(`scaling: the law to start from has no term in ${v}; fit it on the same variables`);
    const u = unit.get(v) ?? 1;
    x[1 + 3 * i] = logScaleOf(t) - t.exponent * Math.log(u);
    x[2 + 3 * i] = Math.log(t.exponent);
    x[3 + 3 * i] = t.shift > 0 ? Math.log(t.shift / u) : 0; // unused without a shift
  }
  return x;
}

/** `1 - SSE / SST` of the losses; at most 1, 0 for a law no better than the mean. */
export function rSquared(points: readonly ScalingPoint[], predictions: readonly number[]): number {
  const center = mean(points.map((p) => p.loss));
  const error = points.reduce((s, p, i) => s + (p.loss - (predictions[i] ?? Number.NaN)) ** 2, 0);
  return 1 - error / points.reduce((s, p) => s + (p.loss - center) ** 2, 0);
}

/**
 * R2 on points held out value by value: for each value of `variable`, a law of the same terms is fitted to the other
 * points, which know nothing of it, and predicts them. The smallest and the largest value are extrapolated to, the others interpolated.
 * @returns NaN where the rest is too few points for a law
 */
export function heldOutRSquared(points: readonly ScalingPoint[], variable: Variable, options: FitOptions): number {
  const { variables } = shapeOf(points, options);
  const kept: ScalingPoint[] = [];
  const predictions: number[] = [];
  for (const value of valuesOf(points, variable)) {
    const test = points.filter((p) => p[variable] === value);
    const train = points.filter((p) => p[variable] !== value);
    if (!canFit(train, { ...options, variables })) return Number.NaN;
    const law = fitLaw(train, { ...options, variables });
    kept.push(...test);
    predictions.push(...test.map((p) => predict(law, p)));
  }
  return rSquared(kept, predictions);
}
