// Multinomial logistic regression with an L2 penalty, fitted by L-BFGS in float64.
import type { Features } from './features.ts';
import { minimise } from './lbfgs.ts';
import type { LinearScores } from './ridge.ts';

/**
 * Minimises the mean cross-entropy plus `penalty / 2` times the squared weights; the biases are free.
 * @param x standardised features
 * @param labels 0..classes-1
 * @param penalty > 0; default 1e-2
 */
export function fitLogistic(x: Features, labels: Int32Array, classes: number, penalty = 1e-2): LinearScores {
  const { n, d, data } = x;
  const size = (d + 1) * classes; // the last row holds the biases
  const value = (w: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let loss = 0;
    const p = new Float64Array(classes);
    for (let i = 0; i < n; i++) {
      p.set(w.subarray(d * classes));
      for (let j = 0; j < d; j++) {
        const v = data[i * d + j] ?? 0;
        for (let c = 0; c < classes; c++) p[c] = (p[c] ?? 0) + v * (w[j * classes + c] ?? 0);
      }
      const top = Math.max(...p);
      const label = labels[i] ?? 0;
      const own = (p[label] ?? 0) - top;
      let mass = 0;
      for (let c = 0; c < classes; c++) {
        p[c] = Math.exp((p[c] ?? 0) - top);
        mass += p[c] ?? 0;
      }
      loss += (Math.log(mass) - own) / n;
      for (let c = 0; c < classes; c++) p[c] = ((p[c] ?? 0) / mass - (c === label ? 1 : 0)) / n;
      for (let j = 0; j < d; j++) {
        const v = data[i * d + j] ?? 0;
        for (let c = 0; c < classes; c++)
          gradient[j * classes + c] = (gradient[j * classes + c] ?? 0) + v * (p[c] ?? 0);
      }
      for (let c = 0; c < classes; c++) gradient[d * classes + c] = (gradient[d * classes + c] ?? 0) + (p[c] ?? 0);
    }
    for (let k = 0; k < d * classes; k++) {
      loss += (penalty / 2) * (w[k] ?? 0) ** 2;
      gradient[k] = (gradient[k] ?? 0) + penalty * (w[k] ?? 0);
    }
    return loss;
  };
  const w = minimise(value, new Float64Array(size));
  return { classes, weights: w.slice(0, d * classes), bias: w.slice(d * classes) };
}
