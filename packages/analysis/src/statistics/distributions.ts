// The normal distribution and Student's t in float64: cumulative probability and quantile.
// The libraries on npm were looked at first: one lacks t, one is untyped and no longer kept, one brings 239 packages.

/** P(Z <= x) of a standard normal variable; relative error below 1e-9 in the tails, 1e-15 absolute elsewhere. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x > 5) return 1 - normalCdf(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < -5) {
    // Continued fraction of Mills' ratio (Abramowitz & Stegun 26.2.14), from the inside out.
    let f = -x;
    for (let k = 60; k >= 1; k--) f = -x + k / f;
    return x === Number.NEGATIVE_INFINITY ? 0 : density / f;
  }
  // Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...) (Marsaglia, J. Stat. Software 11(4), 2004)
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + density * sum;
}

/** The x with P(Z <= x) = p. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  return invert(normalCdf, p, -1, 0);
}

/** P(T <= t) of Student's t with `df` > 0 degrees of freedom, not necessarily whole. */
export function tCdf(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return Number.NaN;
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0;
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2; // Abramowitz & Stegun 26.7.1
  return t > 0 ? 1 - tail : tail;
}

/** The t with P(T <= t) = p. */
export function tQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return Number.NaN;
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (p === 0.5) return 0;
  if (p > 0.5) return -tQuantile(1 - p, df);
  return invert((t) => tCdf(t, df), p, -1, 0);
}

/** Bisection of a rising function to the last bit; `lo` is moved down until it brackets. */
function invert(f: (x: number) => number, y: number, lo: number, hi: number): number {
  let [a, b] = [lo, hi];
  while (f(a) > y) a *= 2;
  for (let i = 0; i < 200; i++) {
    const mid = (a + b) / 2;
    if (mid === a || mid === b) break;
    if (f(mid) < y) a = mid;
    else b = mid;
  }
  return (a + b) / 2;
}

/** The regularised incomplete beta function I_x(a, b): Lentz's evaluation of Abramowitz & Stegun 26.5.8. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const tiny = 1e-300;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny);
  let f = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const k of [even, odd]) {
      d = 1 / (1 + k * d || tiny);
      c = 1 + k / c || tiny;
      f *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return front * f;
}

/** log Gamma(x) for x > 0 (Stirling's series after shifting x above 10). */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 10; y++) shift += Math.log(y);
  const r = 1 / (y * y);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + Math.log(2 * Math.PI) / 2 + series - shift;
}
