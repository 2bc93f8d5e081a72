// Which operating points are worth having: the Pareto front of accuracy against cost, and the area under it.

export interface OperatingPoint {
  readonly cost: number;
  readonly accuracy: number;
}

/**
 * The points that no other beats: none is at least as accurate for less, or more accurate for as much. By rising cost.
 */
export function paretoFront<P extends OperatingPoint>(points: readonly P[]): P[] {
  const sorted = [...points].sort((a, b) => a.cost - b.cost || b.accuracy - a.accuracy);
  let best = Number.NEGATIVE_INFINITY;
  return sorted.filter((p) => {
    const better = p.accuracy > best;
    best = Math.max(best, p.accuracy);
    return better;
  });
}

/**
 * Mean accuracy that a set of points affords over costs between `from` and `to`: the area under its front over the
 * width. Between two points the front is straight (tokens can be divided between two thresholds), beyond the last it
 * stays level.
 * @param points must have one at `from` or below
 * @returns NaN where none is that cheap
 */
export function areaUnderFront(points: readonly OperatingPoint[], from: number, to: number): number {
  const front = paretoFront(points);
  const first = front.findLast((p) => p.cost <= from);
  if (!first || !(to > from)) return Number.NaN;
  let area = 0;
  let at = { cost: from, accuracy: first.accuracy };
  for (const p of front) {
    if (p.cost <= from) continue;
    const end = Math.min(p.cost, to);
    const share = (end - at.cost) / (p.cost - at.cost);
    const accuracy = at.accuracy + share * (p.accuracy - at.accuracy);
    area += ((at.accuracy + accuracy) / 2) * (end - at.cost);
    at = { cost: end, accuracy };
    if (p.cost >= to) break;
  }
  return (area + at.accuracy * (to - at.cost)) / (to - from);
}
