// Minimises a smooth function by L-BFGS (Nocedal & Wright, Numerical Optimization, algorithm 7.4 and 7.5).

/**
 * @param value returns f(x) and writes its gradient
 * @param options.tolerance largest gradient component at which to stop; default 1e-7
 * @returns the last point; for convex functions the minimum within the tolerance
 */
export function minimise(
  value: (x: Float64Array, gradient: Float64Array) => number,
  start: Float64Array,
  options: { readonly iterations?: number; readonly tolerance?: number; readonly memory?: number } = {},
): Float64Array {
  const { iterations = 500, tolerance = 1e-7, memory = 10 } = options;
  let x = start.slice();
  let g = new Float64Array(x.length);
  let f = value(x, g);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let i = 0; i < iterations && g.some((v) => Math.abs(v) > tolerance); i++) {
    let direction = twoLoop(g, pairs);
    let slope = dot(direction, g);
    if (!(slope < 0)) {
      pairs.length = 0; // the curvature was wrong: start from steepest descent again
      direction = g.map((v) => -v);
      slope = -dot(g, g);
    }
    let step = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let [next, gNext, fNext] = [x, g, f];
    for (let tries = 0; ; tries++, step /= 2) {
      if (tries === 60) return x; // no descent left in float64
      const to = x.map((v, k) => v + step * (direction[k] ?? 0));
      const gTo = new Float64Array(x.length);
      const fTo = value(to, gTo);
      if (fTo <= f + 1e-4 * step * slope) {
        [next, gNext, fNext] = [to, gTo, fTo];
        break;
      }
    }
    const s = next.map((v, k) => v - (x[k] ?? 0));
    const y = gNext.map((v, k) => v - (g[k] ?? 0));
    const sy = dot(s, y);
    if (sy > 1e-12 * dot(y, y)) {
      pairs.push({ s, y, rho: 1 / sy });
      if (pairs.length > memory) pairs.shift();
    }
    [x, g, f] = [next, gNext, fNext];
  }
  return x;
}

function twoLoop(g: Float64Array, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]): Float64Array {
  const q = g.slice();
  const alphas: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    for (let k = 0; k < q.length; k++) q[k] = (q[k] ?? 0) - alpha * (y[k] ?? 0);
  }
  const last = pairs.at(-1);
  const scale = last ? 1 / (last.rho * dot(last.y, last.y)) : 1;
  for (let k = 0; k < q.length; k++) q[k] = (q[k] ?? 0) * scale;
  for (const [i, { s, y, rho }] of pairs.entries()) {
    const beta = (alphas[i] ?? 0) - rho * dot(y, q);
    for (let k = 0; k < q.length; k++) q[k] = (q[k] ?? 0) + beta * (s[k] ?? 0);
  }
  return q.map((v) => -v);
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] ?? 0) * (b[i] ?? 0);
  return total;
}
