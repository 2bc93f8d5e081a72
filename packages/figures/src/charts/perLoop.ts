// How good a model is after each of its loops: accuracy, or bits per byte.
import type { Chart, ChartOptions } from '../chart.ts';
import { FiguresError, type Run } from '../run.ts';
import { seriesOf } from '../series.ts';
import { intervalInWords } from '../statistics.ts';
import { type LoopRow, loopTable, summarise } from '../tables.ts';
import { lineSpecs, type MeanPoint, niceDomain, shareDomain, tickFormat } from './lines.ts';

export interface PerLoopOptions extends ChartOptions {
  /** Accuracy of guessing, drawn as a dotted line. */
  readonly chance?: number;
}

/**
 * Held-out accuracy after each loop at the last evaluation; one line a series, one point a seed. Models without loops are a
 * point and a dashed level.
 * @throws FiguresError where no run has an evaluation with accuracies
 */
export function accuracyPerLoop(runs: readonly Run[], options: PerLoopOptions = {}): Chart {
  const { means, seeds, order, words } = lastPerLoop(runs, 'accuracy', options, [0, 1]);
  const top = Math.max(...seeds.map((s) => s.y), ...means.map((m) => (Number.isFinite(m.hi) ? m.hi : m.mean)));
  const lines = {
    means,
    seeds,
    order,
    points: true,
    x: loopAxis(means),
    y: {
      title: 'Held-out accuracy',
      format: '.0%',
      tooltipFormat: '.1%',
      domain: options.domain ?? shareDomain(top),
      write: percent,
    },
    ...(options.chance === undefined
      ? {}
      : { reference: { at: options.chance, name: `chance ${percent(options.chance)}` } }),
  };
  return {
    id: 'accuracy-per-loop',
    title: 'Accuracy after each loop',
    caption: `Share of held-out answers that are right when the model is read after each loop, ${words}.${earlyNote(means)}`,
    alt: `Line chart of accuracy against loop. ${inWords(means, order, percent)}`,
    legend: order.map((name, color) => ({ name, color })),
    ...lineSpecs(lines),
  };
}

/**
 * Held-out bits per byte after each loop at the last evaluation: the loss in nats per byte over ln 2. For text.
 * @throws FiguresError where no run has an evaluation with losses
 */
export function bitsPerBytePerLoop(runs: readonly Run[], options: ChartOptions = {}): Chart {
  const { means, seeds, order, words } = lastPerLoop(runs, 'bits', options);
  const all = [...seeds.map((s) => s.y), ...means.flatMap((m) => [m.mean, m.lo, m.hi])];
  const domain = options.domain ?? niceDomain(all, 0.05);
  const write = (v: number) => v.toFixed(3);
  return {
    id: 'bits-per-byte-per-loop',
    title: 'Bits per byte after each loop',
    caption: `Bits needed for a byte of held-out text when the model is read after each loop (lower is better), ${words}.${earlyNote(means)}`,
    alt: `Line chart of bits per byte against loop. ${inWords(means, order, write)}`,
    legend: order.map((name, color) => ({ name, color })),
    ...lineSpecs({
      means,
      seeds,
      order,
      points: true,
      x: loopAxis(means),
      y: {
        title: 'Held-out bits per byte',
        format: tickFormat(domain),
        tooltipFormat: '.4f',
        domain,
        write,
      },
    }),
  };
}

function lastPerLoop(
  runs: readonly Run[],
  quantity: 'accuracy' | 'bits',
  options: ChartOptions,
  bounds?: readonly [number, number],
) {
  const table = loopTable(runs, options.label).filter('d => d.last');
  const rows = (table.objects() as LoopRow[]).filter((row) => Number.isFinite(row[quantity])); // loopTable's rows
  if (rows.length === 0) {
    throw new FiguresError(
      `no run was evaluated loop by loop (${quantity === 'bits' ? 'lossPerLoop' : 'accuracyPerLoop'} is empty); train with evaluations`,
    );
  }
  const means: MeanPoint[] = summarise(table, ['series', 'loop'], quantity, bounds)
    .map(({ loop, ...rest }) => ({ ...rest, x: loop }))
    .sort((a, b) => a.x - b.x);
  const steps = [...new Set(rows.map((row) => row.step))].sort((a, b) => a - b);
  const order = (options.order ?? seriesOf(runs, options.label).map((s) => s.label)).filter((label) =>
    means.some((m) => m.series === label),
  );
  const when =
    steps.length === 1
      ? `after ${count(steps[0] ?? 0)} steps`
      : `at each run's last evaluation (${count(steps[0] ?? 0)} to ${count(steps.at(-1) ?? 0)} steps)`;
  return {
    means,
    seeds: rows.map((row) => ({ series: row.series, run: row.run, seed: row.seed, x: row.loop, y: row[quantity] })),
    order,
    words: `${when}; ${intervalInWords(means.map((m) => m.n))}`,
  };
}

function loopAxis(means: readonly MeanPoint[]) {
  const most = Math.max(...means.map((m) => m.x));
  const every = Math.ceil(most / 12);
  const ticks = Array.from({ length: most }, (_, t) => t + 1).filter((t) => t % every === 0 || t === 1);
  return { title: 'Loop', ticks, domain: [1, most] as const };
}

function earlyNote(means: readonly MeanPoint[]): string {
  const deepest = new Map<string, number>();
  for (const m of means) deepest.set(m.series, Math.max(m.x, deepest.get(m.series) ?? 0));
  return new Set(deepest.values()).size > 1 ? " Dashed: the level after a model's last loop." : '';
}

/** The chart in words: first and last value of each series. */
export function inWords(means: readonly MeanPoint[], order: readonly string[], write: (v: number) => string): string {
  return order
    .map((series) => {
      const own = means.filter((m) => m.series === series);
      const [first, last] = [own[0], own.at(-1)];
      if (!first || !last) return '';
      return own.length === 1
        ? `${series}: ${write(last.mean)}.`
        : `${series}: from ${write(first.mean)} to ${write(last.mean)}.`;
    })
    .join(' ');
}

/** A share as text: `54.0%`. */
export function percent(value: number): string {
  return `${(value * 100).toFixed(1)}%`;
}

/** A whole number with thousands set apart by a thin space, from 10 000 on. */
export function count(value: number): string {
  const digits = String(Math.round(value));
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, '\u2009');
}
