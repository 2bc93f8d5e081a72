// What a chart is: a Vega-Lite specification without size or theme, with the words that go with it.
import type { TopLevelSpec } from 'vega-lite';
import type { LabelOf } from './series.ts';

export interface Chart {
  /** A name for files: letters, digits and dashes. */
  readonly id: string;
  readonly title: string;
  /** How the numbers came about: quantity, number of seeds, interval. */
  readonly caption: string;
  /** What the picture shows, for those who cannot see it. */
  readonly alt: string;
  /** The chart with its lines named at their ends. */
  readonly spec: TopLevelSpec;
  /** The same without names, for narrow places with a legend outside. */
  readonly compact?: TopLevelSpec;
  /** The panels of small multiples, for pages that set them in as many columns as there is room for. */
  readonly panels?: readonly { readonly title: string; readonly alt: string; readonly spec: TopLevelSpec }[];
  /** The series shown, and the place of each one's colour in the palette. */
  readonly legend?: readonly { readonly name: string; readonly color: number }[];
}

export interface ChartOptions {
  /** How to name a run's series; runs of one configuration must get one name. */
  readonly label?: LabelOf;
  /** Series in the order of their colours; default most loops first. */
  readonly order?: readonly string[];
  /** Ends of the y axis, to make figures comparable. */
  readonly domain?: readonly [number, number];
}

export const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

/**
 * Heights at which names can stand beside line ends without touching: each as near as possible to its own value, at least `gap`
 * apart, within `[lo, hi]` where they fit. Order is kept.
 */
export function spreadOut(values: readonly number[], gap: number, [lo, hi]: readonly [number, number]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || b - a);
  // Clusters of names that would touch; each is centred on the mean of its values (isotonic regression).
  const clusters: { members: number[]; at: number }[] = [];
  const place = (members: number[]): number => {
    const half = ((members.length - 1) * gap) / 2;
    const mean = members.reduce((sum, i) => sum + (values[i] ?? 0), 0) / members.length;
    return Math.max(lo + half, Math.min(hi - half, mean));
  };
  for (const i of order) {
    let cluster = { members: [i], at: place([i]) };
    for (let below = clusters.at(-1); below; below = clusters.at(-1)) {
      const need = ((below.members.length + cluster.members.length) * gap) / 2;
      if (cluster.at - below.at >= need) break;
      clusters.pop();
      const members = [...below.members, ...cluster.members];
      cluster = { members, at: place(members) };
    }
    clusters.push(cluster);
  }
  const placed = values.map(() => 0);
  for (const { members, at } of clusters) {
    for (const [rank, i] of members.entries()) placed[i] = at + (rank - (members.length - 1) / 2) * gap;
  }
  return placed;
}
