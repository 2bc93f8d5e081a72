// Ridge regression on one-hot labels for many label sets at once: one eigendecomposition, every penalty, every target.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Features } from './features.ts';

/**
 * Penalties tried, as multiples of the number of rows (features are standardised, so this is on the scale of their
 * variance).
 */
const PENALTIES = [1e-4, 1e-3, 1e-2, 1e-1, 1, 10];

/** A design matrix decomposed once: `X X^T` or `X^T X`, whichever is smaller. */
export interface Decomposed {
  readonly x: Features;
  /** Directions of the rows, [n, r] row-major: the left singular vectors. */
  readonly left: Float64Array;
  /** Directions of the columns, [d, r] row-major: the right singular vectors. */
  readonly right: Float64Array;
  readonly singular: Float64Array;
}

/** The thin singular value decomposition of centred features, without directions of no length. */
export function decompose(x: Features): Decomposed {
  const { n, d, data } = x;
  const wide = d > n;
  const size = wide ? n : d;
  const gram = new Float64Array(size * size);
  if (wide) {
    for (let i = 0; i < n; i++)
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < d; k++) dot += (data[i * d + k] ?? 0) * (data[j * d + k] ?? 0);
        gram[i * n + j] = dot;
        gram[j * n + i] = dot;
      }
  } else {
    for (let i = 0; i < n; i++)
      for (let a = 0; a < d; a++) {
        const xa = data[i * d + a] ?? 0;
        if (xa === 0) continue;
        for (let b = 0; b < d; b++) gram[a * d + b] = (gram[a * d + b] ?? 0) + xa * (data[i * d + b] ?? 0);
      }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(size, size, gram), {
    assumeSymmetric: true,
  });
  const top = Math.max(...realEigenvalues, 0);
  const kept = realEigenvalues.map((_, j) => j).filter((j) => (realEigenvalues[j] ?? 0) > 1e-12 * top);
  const r = kept.length;
  const singular = Float64Array.from(kept, (j) => Math.sqrt(realEigenvalues[j] ?? 0));
  const near = new Float64Array(size * r); // the side that was decomposed
  for (const [c, j] of kept.entries()) for (let i = 0; i < size; i++) near[i * r + c] = eigenvectorMatrix.get(i, j);
  const far = new Float64Array((wide ? d : n) * r); // the other, by X
  for (let i = 0; i < n; i++)
    for (let k = 0; k < d; k++) {
      const v = data[i * d + k] ?? 0;
      if (v === 0) continue;
      const [from, to] = wide ? [i, k] : [k, i];
      for (let c = 0; c < r; c++)
        far[to * r + c] = (far[to * r + c] ?? 0) + (v * (near[from * r + c] ?? 0)) / (singular[c] ?? 1);
    }
  return { x, left: wide ? near : far, right: wide ? far : near, singular };
}

/** Scores of each class for other rows: `predict(z)` is [rows, classes] row-major. */
export interface LinearScores {
  readonly classes: number;
  readonly weights: Float64Array; // [d, classes]
  readonly bias: Float64Array; // [classes]
}

/**
 * Multi-class ridge: least squares on one-hot labels, the penalty chosen by generalised cross-validation
 * (Golub, Heath & Wahba, Technometrics 21, 1979).
 * @param labels 0..classes-1, one a row of the decomposed features
 */
export function fitRidge(of: Decomposed, labels: Int32Array, classes: number): LinearScores {
  const { x, left, right, singular } = of;
  const { n, d } = x;
  const r = singular.length;
  const share = new Float64Array(classes);
  for (const y of labels) share[y] = (share[y] ?? 0) + 1 / n;
  const along = new Float64Array(r * classes); // left^T Y, Y centred
  for (let i = 0; i < n; i++)
    for (let k = 0; k < r; k++) {
      const u = left[i * r + k] ?? 0;
      for (let c = 0; c < classes; c++)
        along[k * classes + c] = (along[k * classes + c] ?? 0) + u * ((labels[i] === c ? 1 : 0) - (share[c] ?? 0));
    }
  const power = new Float64Array(r); // of Y along each direction
  for (let k = 0; k < r; k++)
    for (let c = 0; c < classes; c++) power[k] = (power[k] ?? 0) + (along[k * classes + c] ?? 0) ** 2;
  const whole = share.reduce((s, p) => s + n * p * (1 - p), 0); // |Y|^2, centred
  const outside = Math.max(0, whole - power.reduce((a, b) => a + b, 0));
  let best = { penalty: 0, score: Number.POSITIVE_INFINITY };
  for (const multiple of PENALTIES) {
    const penalty = multiple * n;
    let [residual, freedom] = [outside, 1]; // the bias is one
    for (let k = 0; k < r; k++) {
      const shrink = (singular[k] ?? 0) ** 2 / ((singular[k] ?? 0) ** 2 + penalty);
      residual += (1 - shrink) ** 2 * (power[k] ?? 0);
      freedom += shrink;
    }
    const score = residual / Math.max(n - freedom, 1e-9) ** 2;
    if (score < best.score) best = { penalty, score };
  }
  const weights = new Float64Array(d * classes);
  for (let k = 0; k < r; k++) {
    const factor = (singular[k] ?? 0) / ((singular[k] ?? 0) ** 2 + best.penalty);
    for (let j = 0; j < d; j++) {
      const v = (right[j * r + k] ?? 0) * factor;
      for (let c = 0; c < classes; c++)
        weights[j * classes + c] = (weights[j * classes + c] ?? 0) + v * (along[k * classes + c] ?? 0);
    }
  }
  return { classes, weights, bias: share };
}

/** The class with the highest score for each row. */
export function classify({ classes, weights, bias }: LinearScores, z: Features): Int32Array {
  const out = new Int32Array(z.n);
  const score = new Float64Array(classes);
  for (let i = 0; i < z.n; i++) {
    score.set(bias);
    for (let j = 0; j < z.d; j++) {
      const v = z.data[i * z.d + j] ?? 0;
      if (v === 0) continue;
      for (let c = 0; c < classes; c++) score[c] = (score[c] ?? 0) + v * (weights[j * classes + c] ?? 0);
    }
    let top = 0;
    for (let c = 1; c < classes; c++) if ((score[c] ?? 0) > (score[top] ?? 0)) top = c;
    out[i] = top;
  }
  return out;
}
