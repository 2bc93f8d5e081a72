// Operating points of exit rules as lines over seeds: each threshold at the mean loops that it leads to.
import { type ColumnTable, from } from 'arquero';

interface Point {
  readonly variant: string;
  readonly seed: number;
  readonly rule: string;
  readonly threshold: number | null;
  readonly loops: number;
  readonly accuracy: number;
}

/**
 * Rows of `earlyExit-points.csv` for a line chart. A threshold leads to other loops in each seed, so that seeds would never meet at
 * one place: here they meet at their mean.
 * @param names the series of `<rule> <variant>`; others are left out
 */
export function exitPoints(table: ColumnTable, names: Readonly<Record<string, string>>): ColumnTable {
  const nameOf = ({ rule, variant }: Point): string | undefined => names[`${rule} ${variant}`];
  const rows = (table.objects() as Point[]).filter((r) => nameOf(r) !== undefined); // as looplab analyze writes them
  const settings = Map.groupBy(rows, (r) => `${nameOf(r)} ${r.threshold}`);
  return from(
    [...settings.values()].flatMap((seeds) => {
      const loops = Number((seeds.reduce((sum, r) => sum + r.loops, 0) / seeds.length).toPrecision(6));
      return seeds.map((r) => ({
        series: nameOf(r),
        seed: r.seed,
        threshold: r.threshold,
        loops,
        accuracy: r.accuracy,
      }));
    }),
  );
}
