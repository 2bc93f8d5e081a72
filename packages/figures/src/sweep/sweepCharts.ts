// The charts of a sweep: its settings, what they give together, the best configurations by loop and over training, and what they cost.
import { from } from 'arquero';
import type { TopLevelSpec } from 'vega-lite';
import type { Chart } from '../chart.ts';
import { dots } from '../charts/dots.ts';
import { heatMap } from '../charts/heatMap.ts';
import { lineChart } from '../charts/lineChart.ts';
import { niceDomain } from '../charts/lines.ts';
import { type ParallelAxis, parallel } from '../charts/parallel.ts';
import { accuracyPerLoop, bitsPerBytePerLoop } from '../charts/perLoop.ts';
import { scatter } from '../charts/scatter.ts';
import { capital, measured } from '../metric.ts';
import { FiguresError, type Run } from '../run.ts';
import type { Setting } from '../settings.ts';
import { written } from './axes.ts';
import { type Importance, importances } from './importance.ts';
import { bySeed, ranked } from './judge.ts';
import { settingPanels } from './settingPanels.ts';
import type { Axis, Configuration, Sweep } from './sweep.ts';

/** Configurations that are shown by name where all would be too many. */
const BEST = 5;
/** Lines that a reader can see as many, and a page can hold. */
const MOST_GREY = 60;
/** Rows of a ranking that can be read beside each other. */
const MOST_ROWS = 24;
/** Letters of a name that fits at the end of a line. */
const LONG = 24;
/** Rows or columns of a heat map whose cells can be read. */
const MOST_CELLS = 12;

/** Every chart that the sweep has something for; empty before the first evaluation. */
export function sweepCharts(sweep: Sweep): Chart[] {
  const done = ranked(sweep);
  if (done.length === 0) return stillRunning(sweep);
  const shown = importances(sweep);
  return [
    ...first(sweep, shown),
    ...together(sweep, done, shown),
    ...attempt(() => byLoop(sweep, done)),
    ...attempt(() => overTraining(sweep, done)),
    ...attempt(() => cost(sweep, done)),
  ];
}

/** The result against each setting; where there is but one and it has no order, the configurations by rank. */
function first(sweep: Sweep, shown: readonly Importance[]): Chart[] {
  const [only, more] = shown;
  if (!only) return [];
  return [more || only.axis.scale !== 'ordinal' ? settingPanels(sweep, shown) : ranking(sweep)];
}

/** Configurations by rank. */
function ranking(sweep: Sweep): Chart {
  const { metric } = sweep;
  const done = ranked(sweep);
  const shown = done.slice(0, MOST_ROWS);
  const more = done.length - shown.length;
  return dots(
    from(shown.flatMap((c) => [...bySeed(c, metric)].map(([seed, value]) => ({ name: c.name, seed, value })))),
    {
      id: 'ranking',
      title: 'Configurations by rank',
      caption: `${capital(metric.title)}${more > 0 ? ` of the best ${shown.length}` : ''}`,
      name: 'name',
      value: { field: 'value', title: capital(metric.title), share: metric.share },
      better: metric.better,
    },
  );
}

/** What runs have measured so far, where none has finished. */
function stillRunning(sweep: Sweep): Chart[] {
  const begun = sweep.configurations.filter((c) => finishedRuns(c).some((run) => run.evals.length > 0));
  if (begun.length === 0) return [];
  const which = begun.length > BEST ? `: ${BEST} of ${begun.length}` : '';
  return attempt(() => overTraining(sweep, begun, { nameOf: (c) => c.name, which }));
}

function attempt(make: () => Chart | undefined): Chart[] {
  try {
    return [make()].flatMap((chart) => chart ?? []);
  } catch (error) {
    if (error instanceof FiguresError) return []; // the runs have no such measurement
    throw error;
  }
}

/** Two settings as a map, more of them as parallel coordinates. */
function together(sweep: Sweep, done: readonly Configuration[], shown: readonly Importance[]): Chart[] {
  const varied = shown.map((i) => i.axis);
  const [a, b] = sweep.axes.filter((axis) => varied.includes(axis));
  if (!a || !b) return [];
  const count = (axis: Axis): number => new Set(done.map((c) => c.at.get(axis.label))).size;
  const isMap = varied.length === 2 && count(a) <= MOST_CELLS && count(b) <= MOST_CELLS;
  if (isMap && done.length >= 0.6 * count(a) * count(b)) return [mapOf(sweep, done, a, b)];
  return done.length >= 4 ? [coordinates(sweep, done, varied)] : [];
}

function mapOf({ metric }: Sweep, done: readonly Configuration[], x: Axis, y: Axis): Chart {
  const rows = done.flatMap((c) =>
    c.runs
      .filter((r) => r.state === 'finished')
      .map((r) => ({
        x: c.at.get(x.label) ?? 'unset',
        y: c.at.get(y.label) ?? 'unset',
        value: measured(r.run?.evals.at(-1), metric),
      })),
  );
  const values = rows.map((r) => r.value).filter(Number.isFinite);
  return heatMap(from(rows), {
    id: 'map',
    title: `${x.short} and ${y.short} together`,
    caption: `${capital(metric.title)} of each pair`,
    x: { field: 'x', title: x.label },
    y: { field: 'y', title: y.label },
    value: { field: 'value', title: capital(metric.title), share: metric.share },
    domain: [Math.min(...values), Math.max(...values)],
  });
}

function coordinates({ metric }: Sweep, done: readonly Configuration[], varied: readonly Axis[]): Chart {
  const best = done.slice(0, Math.min(3, Math.ceil(done.length / 4)));
  const results = done.map((c) => c.result.mean);
  const [lo, hi] = [Math.min(...results), Math.max(...results)];
  const up = (v: number): number => (hi === lo ? 0.5 : (v - lo) / (hi - lo));
  // the better end on top
  const height = (v: number): number => (metric.better === 'higher' ? up(v) : 1 - up(v));
  const places = varied.map((axis) => placesOf(axis, done));
  const result: ParallelAxis = {
    title: metric.name,
    ticks: [lo, hi].map((v) => ({ at: height(v), text: metric.write(v) })),
  };
  return parallel(
    [...varied.map((axis, i) => ({ title: axis.short, ticks: places[i]?.ticks ?? [] })), result],
    [...done].reverse().map((c) => {
      const rank = best.indexOf(c);
      return {
        name: c.name,
        at: [...varied.map((axis, i) => places[i]?.place(c.at.get(axis.label)) ?? null), height(c.result.mean)],
        texts: [...varied.map((axis) => written(c.at.get(axis.label))), metric.write(c.result.mean)],
        ...(rank < 0 ? {} : { color: rank }),
      };
    }),
    {
      id: 'together',
      title: 'All settings together',
      caption: `Each line is a configuration; the best ${best.length === 1 ? 'one is' : `${best.length} are`} in colour. ${capital(metric.title)} on the right, the better end on top.`,
      alt: `Parallel coordinates of ${done.length} configurations. Best: ${best.map((c) => `${c.name}, ${metric.write(c.result.mean)}`).join('; ')}.`,
      legend: best.map((c) => c.name),
    },
  );
}

/** Where values lie between the foot and the head of an axis. */
function placesOf(axis: Axis, done: readonly Configuration[]) {
  const tried = axis.values.filter((v) => done.some((c) => c.at.get(axis.label) === v));
  const numbers = tried.filter((v): v is number => typeof v === 'number');
  if (axis.scale === 'ordinal') {
    const place = (value: Setting | undefined): number | null => {
      const at = tried.indexOf(value ?? null);
      return at < 0 ? null : (at + 0.5) / tried.length;
    };
    const every = Math.ceil(tried.length / 12);
    return {
      place,
      ticks: tried.filter((_, i) => i % every === 0).map((v) => ({ at: place(v) ?? 0, text: written(v) })),
    };
  }
  const along = axis.scale === 'linear' ? (v: number) => v : Math.log;
  const [lo, hi] = [numbers[0] ?? 0, numbers.at(-1) ?? 1];
  const place = (value: Setting | undefined): number | null =>
    typeof value === 'number' ? (hi === lo ? 0.5 : (along(value) - along(lo)) / (along(hi) - along(lo))) : null;
  const ticks = numbers.length <= 6 ? numbers : [lo, hi];
  return { place, ticks: ticks.map((v) => ({ at: place(v) ?? 0, text: written(v) })) };
}

/** The best configurations read after each loop. */
function byLoop(sweep: Sweep, done: readonly Configuration[]): Chart | undefined {
  const best = done.slice(0, BEST);
  const nameOf = shortNames(done);
  const names = new Map(best.flatMap((c) => finishedRuns(c).map((run) => [run, nameOf(c)] as const)));
  const runs = [...names.keys()];
  if (runs.every((run) => (run.evals.at(-1)?.accuracyPerLoop.length ?? 0) < 2)) return undefined;
  const label = (run: Run): string => names.get(run) ?? run.id;
  const options = { label, order: best.map(nameOf) };
  const chart = (sweep.metric.name === 'bitsPerByte' ? bitsPerBytePerLoop : accuracyPerLoop)(runs, options);
  return {
    ...chart,
    title: `${chart.title}${bestInWords(done)}`,
    caption: `${chart.caption}${numbered(best, nameOf)}`,
  };
}

/** Learning curves: the first by name, which are the best once some have finished, all others grey behind them. */
function overTraining(
  { metric }: Sweep,
  done: readonly Configuration[],
  { nameOf, which } = { nameOf: shortNames(done), which: bestInWords(done) },
): Chart | undefined {
  const rows = (of: readonly Configuration[]) =>
    of.flatMap((c) =>
      finishedRuns(c).flatMap(({ evals, seed }) =>
        evals.map((e) => ({ series: nameOf(c), seed, step: e.step, value: measured(e, metric) })),
      ),
    );
  const best = done.slice(0, BEST);
  const all = rows(done).filter((r) => Number.isFinite(r.value));
  const chart = lineChart(from(rows(best)), {
    id: 'curves',
    title: `Over training${which}`,
    caption: `${capital(metric.title)} at each evaluation`,
    x: { field: 'step', title: 'Training step', scale: 'continuous' },
    y: {
      field: 'value',
      title: capital(metric.title),
      share: metric.share,
      ...(metric.share ? {} : { domain: niceDomain(all.map((r) => r.value)) }),
    },
    series: 'series',
    order: best.map(nameOf),
  });
  const caption = `${chart.caption}${numbered(best, nameOf)}`;
  const rest = done.slice(BEST);
  const every = Math.ceil(rest.length / MOST_GREY);
  const others = rest.filter((_, i) => i % every === 0);
  if (others.length === 0) return { ...chart, caption };
  const grey = {
    data: { values: rows(others).map((r) => ({ ...r, run: `${r.series} ${r.seed}` })) },
    mark: { type: 'line', style: 'others', clip: true },
  };
  return {
    ...chart,
    caption: `${caption} Grey: ${every === 1 ? '' : `${others.length} of `}the other ${rest.length}.`,
    spec: behind(chart.spec, grey),
    ...(chart.compact ? { compact: behind(chart.compact, grey) } : {}),
  };
}

/** Puts lines behind a line chart, on its axes. */
function behind(spec: TopLevelSpec, lines: object): TopLevelSpec {
  const { layer } = spec as { layer: { mark: { type?: string }; encoding: { x: object; y: object } }[] }; // as lineSpecs makes it
  const like = layer.find((l) => l.mark.type === 'line')?.encoding;
  const encoding = {
    x: { ...like?.x, field: 'step' },
    y: { ...like?.y, field: 'value' },
    detail: { field: 'run', type: 'nominal' },
  };
  return { ...spec, layer: [{ ...lines, encoding }, ...layer] } as unknown as TopLevelSpec; // a further layer
}

/** Result against counted FLOPs, where configurations differ in them. */
function cost({ metric }: Sweep, done: readonly Configuration[]): Chart | undefined {
  const nameOf = shortNames(done);
  const rows = done.flatMap((c) =>
    c.runs.flatMap(({ run, state }) => {
      const flops = run?.train.at(-1)?.flops;
      if (state !== 'finished' || flops === undefined) return [];
      return [{ name: nameOf(c), flops, value: measured(run?.evals.at(-1), metric) }];
    }),
  );
  const flops = rows.map((r) => r.flops);
  if (rows.length < 2 || Math.max(...flops) < 1.05 * Math.min(...flops)) return undefined;
  return scatter(from(rows), {
    id: 'cost',
    title: 'What it cost',
    caption: `${capital(metric.title)} against the counted FLOPs of a run${done.some((c) => nameOf(c) !== c.name) ? ', numbered as in the table' : ''}`,
    x: { field: 'flops', title: 'Training FLOPs', log: true },
    y: { field: 'value', title: capital(metric.title), share: metric.share },
    point: 'name',
    front: true,
    ...(metric.better === 'lower' ? { better: 'lower' as const } : {}),
  });
}

/** The runs of a configuration that finished, or all of them where none has yet. */
function finishedRuns({ runs }: Configuration): Run[] {
  const finished = runs.filter((r) => r.state === 'finished');
  return (finished.length > 0 ? finished : runs).flatMap((r) => r.run ?? []);
}

/** Names that leave room in a chart: where some are long, all are given by their number in the table of the best. */
function shortNames(done: readonly Configuration[]): (c: Configuration) => string {
  const isLong = done.slice(0, BEST).some((c) => c.name.length > LONG);
  return (c) => (isLong ? `#${done.indexOf(c) + 1}` : c.name);
}

function numbered(best: readonly Configuration[], nameOf: (c: Configuration) => string): string {
  return best.some((c) => nameOf(c) !== c.name) ? ' Numbers are those of the table.' : '';
}

function bestInWords(done: readonly Configuration[]): string {
  return done.length > BEST ? `: the best ${BEST}` : '';
}
