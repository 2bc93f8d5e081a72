// Laws of a sampled number of loops, drawn from the counter-based RNG.
import { fold, type Key, normal, randint } from '../../rng/random.ts';

/** Rates above this are drawn as a sum, so that `exp(-rate)` stays far from underflow. */
const LARGEST_RATE = 500;

/** One draw of a Poisson law by inversion; a pure function of `key`. */
export function poisson(key: Key, rate: number): number {
  if (rate > LARGEST_RATE) return poisson(fold(key, 'rest'), rate - LARGEST_RATE) + poisson(key, LARGEST_RATE);
  const u = ((randint(key, 1, 2 ** 31)[0] ?? 0) + 0.5) * 2 ** -31;
  let n = 0;
  let p = Math.exp(-rate);
  let cdf = p;
  while (cdf < u && p > 0) {
    n++;
    p *= rate / n;
    cdf += p;
  }
  return n;
}

/**
 * Loops of an update of Huginn (arXiv 2502.05171, section 3): `rate ~ LogNormal(ln(mean) - sigma^2 / 2, sigma)`,
 * `loops = Poisson(rate) + 1`, so that the expectation is `mean + 1`.
 */
export function poissonLogNormal(key: Key, mean: number, sigma: number): number {
  const z = normal(fold(key, 'rate'), 1)[0] ?? 0;
  return poisson(fold(key, 'count'), Math.exp(Math.log(mean) - sigma ** 2 / 2 + sigma * z)) + 1;
}

/** How many different lengths of a trajectory a run compiles. */
const LENGTHS = 8;

/**
 * `n` of `1..most`, rounded up so that at most eight values are left: a trainer compiles a program for each number of
 * steps with gradient. Exact up to `most = 8`.
 */
export function ofFewLengths(n: number, most: number): number {
  const unit = Math.ceil(most / LENGTHS);
  return Math.min(most, Math.ceil(n / unit) * unit);
}
