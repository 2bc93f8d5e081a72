// Robust nonlinear least squares: Levenberg-Marquardt on reweighted residuals, steps that do not help are taken back.
import { Matrix, solve } from 'ml-matrix';

/**
 * Minimises the Huber loss of residuals: `r^2 / 2` up to `huber`, linear beyond.
 * @param residuals writes the residuals and their derivatives, [residuals, parameters] row-major
 * @param count how many residuals there are
 */
export function fitResiduals(
  residuals: (x: Float64Array, r: Float64Array, jacobian: Float64Array) => void,
  count: number,
  start: Float64Array,
  options: { readonly huber: number; readonly iterations?: number },
): { readonly x: Float64Array; readonly cost: number } {
  const { huber, iterations = 200 } = options;
  const p = start.length;
  const costOf = (r: Float64Array): number =>
    r.reduce((s, v) => s + (Math.abs(v) <= huber ? (v * v) / 2 : huber * (Math.abs(v) - huber / 2)), 0);
  let x = start.slice();
  let r = new Float64Array(count);
  let jacobian = new Float64Array(count * p);
  residuals(x, r, jacobian);
  let cost = costOf(r);
  let damping = 1e-3;
  for (let i = 0; i < iterations && Number.isFinite(cost); i++) {
    const normal = new Float64Array(p * p);
    const slope = new Float64Array(p);
    for (let k = 0; k < count; k++) {
      const v = r[k] ?? 0;
      const w = Math.abs(v) <= huber ? 1 : huber / Math.abs(v);
      for (let a = 0; a < p; a++) {
        const ja = w * (jacobian[k * p + a] ?? 0);
        slope[a] = (slope[a] ?? 0) + ja * v;
        for (let b = 0; b < p; b++) normal[a * p + b] = (normal[a * p + b] ?? 0) + ja * (jacobian[k * p + b] ?? 0);
      }
    }
    let better = false;
    while (!better && damping < 1e12) {
      const lhs = Matrix.from1DArray(p, p, normal);
      // Damping in proportion to each parameter's own curvature, with a floor for those that have none.
      for (let a = 0; a < p; a++) lhs.set(a, a, (normal[a * p + a] ?? 0) * (1 + damping) + 1e-14);
      const step = solve(lhs, Matrix.columnVector(slope));
      const to = x.map((v, a) => v - Math.max(-3, Math.min(3, step.get(a, 0)))); // logarithms: a factor of 20 at most
      const rTo = new Float64Array(count);
      const jTo = new Float64Array(count * p);
      residuals(to, rTo, jTo);
      const costTo = costOf(rTo);
      if (costTo < cost) {
        better = true;
        const settled = cost - costTo < 1e-10 * cost;
        [x, r, jacobian, cost] = [to, rTo, jTo, costTo];
        damping = Math.max(damping / 5, 1e-12);
        if (settled) return { x, cost };
      } else {
        damping *= 4;
      }
    }
    if (!better) break;
  }
  return { x, cost };
}
