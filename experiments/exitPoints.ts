// Operating points of exit rules as lines over seeds: each threshold at the mean loops that it leads to.
import { type ColumnTable, from } from 'arquero';

interface Point {
  readonly variant: string;
  readonly seed: number;
  readonly rule: string;
  readonly threshold: number | null;
  readonly loops: number;
  readonly flops: number;
  readonly accuracy: number;
}

/**
 * Rows of `earlyExit-points.csv` for a line chart. A threshold leads to other loops in each seed, so that seeds would never meet at
 * one place: here they meet at their mean. Of thresholds that cost the same the first counts, so that a seed counts once.
 * @param names the series of `<rule> <variant>`; others are left out
 * @param cost what points are placed by: the column of mean loops, or of counted FLOPs
 */
export function exitPoints(
  table: ColumnTable,
  names: Readonly<Record<string, string>>,
  cost: 'loops' | 'flops' = 'loops',
): ColumnTable {
  const nameOf = ({ rule, variant }: Point): string => names[`${rule} ${variant}`] ?? '';
  const rows = (table.objects() as Point[]).filter((r) => nameOf(r) !== ''); // as looplab analyze writes them
  const settings = [...Map.groupBy(rows, (r) => `${nameOf(r)} ${r.threshold}`).values()];
  const costOf = (seeds: readonly Point[]): number =>
    Number((seeds.reduce((sum, r) => sum + r[cost], 0) / seeds.length).toPrecision(6));
  const known = new Set<string>();
  return from(
    settings.flatMap((seeds) => {
      const mean = costOf(seeds);
      // groups are not empty
      const place = `${nameOf(seeds[0] as Point)} ${mean}`;
      if (known.has(place)) return [];
      known.add(place);
      return seeds.map((r) => ({
        series: nameOf(r),
        seed: r.seed,
        threshold: r.threshold,
        [cost]: mean,
        accuracy: r.accuracy,
      }));
    }),
  );
}
