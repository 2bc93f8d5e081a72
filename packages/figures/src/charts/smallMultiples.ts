// Several charts as one figure: panels in rows, each with its name above it.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, SCHEMA } from '../chart.ts';
import { FiguresError } from '../run.ts';

export interface SmallMultiplesOptions {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** Panels in a row on paper; default as many as there are, up to 3. Pages choose by their width. */
  readonly columns?: number;
}

/** A chart in its place among others. */
export interface Panel {
  readonly title: string;
  readonly chart: Chart;
}

/**
 * The charts beside each other, drawn in their compact form; give them one y axis to compare heights (`domain`), and one set of
 * series, whose legend then stands above all of them.
 * @throws FiguresError where there is no chart
 */
export function smallMultiples(panels: readonly Panel[], options: SmallMultiplesOptions): Chart {
  const { id, title, caption, columns = Math.min(3, panels.length) } = options;
  const [first] = panels;
  if (!first) throw new FiguresError(`chart ${id} has no panels; give it at least one chart`);
  const { legend: series = [] } = first.chart;
  const legend = series.length > 1 ? series : undefined; // one needs no telling apart
  const concat = panels.map(({ title, chart }) => {
    const { $schema: _, ...unit } = chart.compact ?? chart.spec;
    return { ...(legend ? withLegend(unit) : unit), title: { text: title, style: 'panel', offset: 8 } };
  });
  const shared = legend ? { resolve: { scale: Object.fromEntries(channels.map((c) => [c, 'shared'])) } } : {};
  return {
    id,
    title,
    caption,
    alt: panels.map((p) => `${p.title}: ${p.chart.alt}`).join(' '),
    spec: { $schema: SCHEMA, concat, columns, ...shared } as unknown as TopLevelSpec, // units without size, which the theme gives
    panels: panels.map(({ title, chart }) => ({ title, alt: chart.alt, spec: chart.compact ?? chart.spec })),
    ...(legend ? { legend } : {}),
  };
}

/** How series are told apart; one legend says all of it. */
const channels = ['color', 'shape', 'strokeDash'] as const;

interface Layer {
  readonly encoding?: Readonly<Record<string, { readonly field?: string; readonly legend?: unknown }>>;
}

/** Compact forms leave the legend to the page; here their marks get it back, which Vega-Lite merges into one for all panels. */
function withLegend(unit: object): object {
  const layers = 'layer' in unit ? (unit.layer as readonly Layer[]) : []; // charts of ours are layers
  return {
    ...unit,
    layer: layers.map(({ encoding = {}, ...layer }) => ({
      ...layer,
      encoding: Object.fromEntries(
        Object.entries(encoding).map(([channel, definition]) => {
          const isHidden = channels.some((c) => c === channel) && definition.legend === null;
          const { legend: _, ...shown } = definition;
          return [channel, isHidden ? shown : definition];
        }),
      ),
    })),
  };
}
