// The tables of a sweep's report: headline numbers, the best configurations, the settings, and what did not finish.
import { count } from '../charts/perLoop.ts';
import { capital } from '../metric.ts';
import { escapeHtml as h } from '../report/html.ts';
import { duration, type ReportTable, type WrittenNumber } from '../report/sections.ts';
import { intervalInWords } from '../statistics.ts';
import { written } from './axes.ts';
import { importances } from './importance.ts';
import { ranked, separation } from './judge.ts';
import { plural } from './methods.ts';
import type { Configuration, Sweep, SweepRun } from './sweep.ts';

/** Rows that a page shows; all of them are in the run folders. */
const SHOWN = { best: 20, lost: 200, all: 1000 };

const num = (value: number, text: string): WrittenNumber => ({ text: Number.isFinite(value) ? text : '–', value });

/** Cards with the numbers one looks for first. */
export function statsOf(sweep: Sweep): string {
  const { metric, configurations } = sweep;
  const [best] = ranked(sweep);
  const runs = configurations.flatMap((c) => c.runs);
  const seconds = runs.flatMap((r) => r.run?.seconds ?? []);
  const total = seconds.reduce((a, b) => a + b, 0);
  const flops = runs.reduce((sum, r) => sum + (r.run?.train.at(-1)?.flops ?? 0), 0);
  const lost = [...states(runs)].filter(([state]) => state !== 'finished').map(([state, n]) => `${n} ${state}`);
  const cards: [string, string, string][] = [
    ...(best ? [[`Best ${metric.title}`, metric.write(best.result.mean), best.name] as [string, string, string]] : []),
    [
      'Runs finished',
      `${states(runs).get('finished') ?? 0} of ${runs.length}`,
      lost.join(', ') || plural(configurations.length, 'configuration'),
    ],
    ...(seconds.length > 0
      ? [['Training time', duration(total), `${duration(total / seconds.length)} a run`] as [string, string, string]]
      : []),
    ...(flops > 0 ? [['Computed', flopsInWords(flops), 'in matrix products'] as [string, string, string]] : []),
  ];
  const card = ([name, big, small]: [string, string, string]): string =>
    `<div class="card stat"><dt>${h(name)}</dt><dd><div class="big">${h(big)}</div><div class="small">${h(small)}</div></dd></div>`;
  return `<dl class="stats">${cards.map(card).join('')}</dl>`;
}

function flopsInWords(flops: number): string {
  const [unit, size] = (
    [
      ['EFLOP', 1e18],
      ['PFLOP', 1e15],
      ['TFLOP', 1e12],
      ['GFLOP', 1e9],
    ] as const
  ).find(([, size]) => flops >= size) ?? ['MFLOP', 1e6];
  return `${Number((flops / size).toPrecision(3))} ${unit}`;
}

function states(runs: readonly SweepRun[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { state } of runs) found.set(state, (found.get(state) ?? 0) + 1);
  return found;
}

/** The best configurations, and what sets each apart from the next. */
export function bestTable(sweep: Sweep): ReportTable[] {
  const { axes, metric } = sweep;
  const done = ranked(sweep);
  if (done.length === 0) return [];
  const shown = done.slice(0, SHOWN.best);
  const spread = done.some((c) => c.result.n > 1);
  const rows = shown.map((c, i) => {
    const next = done[i + 1];
    const { result } = c;
    const apart = next === undefined ? undefined : separation(c, next, metric);
    const lost = c.runs.length - result.n;
    return [
      i + 1,
      ...(axes.length === 0 ? [c.name] : axes.map((axis) => setting(c, axis.label))),
      num(result.mean, metric.write(result.mean)),
      ...(spread ? [num(result.lo, `${metric.write(result.lo)} to ${metric.write(result.hi)}`)] : []),
      num(result.n, lost > 0 ? `${result.n} of ${c.runs.length}` : String(result.n)),
      ...(done.length > 1
        ? [
            num(apart?.lead ?? Number.NaN, apart === undefined ? '' : metric.writeGap(apart.lead)),
            ...(spread ? [overlapInWords(apart?.overlap)] : []),
          ]
        : []),
    ];
  });
  const more = done.length - shown.length;
  return [
    {
      title: done.length === 1 ? 'Result' : 'Best configurations',
      columns: [
        '#',
        ...(axes.length === 0 ? ['Configuration'] : axes.map((axis) => axis.label)),
        capital(metric.title),
        ...(spread ? ['Interval'] : []),
        'Seeds',
        ...(done.length > 1 ? ['Ahead of the next by', ...(spread ? ['Intervals'] : [])] : []),
      ],
      rows,
      note: `${capital(intervalInWords(done.map((c) => c.result.n)))}.${spread && done.length > 1 ? ' "Apart": the intervals of a configuration and the next have no value in common.' : ''}${more > 0 ? ` ${plural(more, 'further configuration')} ${more === 1 ? 'is' : 'are'} in the list of all runs.` : ''}`,
      sortable: done.length > 1,
    },
  ];
}

function overlapInWords(overlap: boolean | undefined): string {
  if (overlap === undefined) return '–';
  return overlap ? 'overlap' : 'apart';
}

function setting(c: Configuration, label: string): string | WrittenNumber {
  const value = c.at.get(label);
  return typeof value === 'number' ? num(value, written(value)) : written(value);
}

/** How much each setting has to do with the result. */
export function settingsTable(sweep: Sweep): ReportTable[] {
  const { metric } = sweep;
  const shown = importances(sweep);
  if (shown.length < 2) return []; // the table of configurations says it all
  const rows = shown.map(({ axis, levels, best, worst, share }) => [
    axis.label,
    num(share, `${Math.round(share * 100)}%`),
    num(levels.length, String(levels.length)),
    best.name,
    num(best.result.mean, metric.write(best.result.mean)),
    worst.name,
    num(worst.result.mean, metric.write(worst.result.mean)),
  ]);
  return [
    {
      title: 'What each setting does alone',
      columns: ['Setting', 'Share of variance', 'Values', 'Best at', 'Mean there', 'Worst at', 'Mean there'],
      rows,
      note: 'Share of variance: of the differences between finished configurations, the part that goes with this setting and that no other setting accounts for, less what chance would give; what settings do only together is in none of them. Means are over the configurations that finished there. Long lists of numbers are cut into four stretches.',
      sortable: true,
    },
  ];
}

const lostStates = new Set(['failed', 'diverged', 'unreadable', 'cancelled']);

/** What failed, with the reason, and what was stopped on purpose. */
export function lostTable({ configurations }: Sweep): ReportTable[] {
  const all = configurations.flatMap((c) => c.runs.map((r) => ({ c, r })));
  const rowOf = ({ c, r }: (typeof all)[number]): (string | WrittenNumber)[] => [
    c.name,
    num(r.seed, String(r.seed)),
    stateInWords(r),
    reached(r),
    r.error ?? '',
    r.id,
  ];
  const columns = ['Configuration', 'Seed', 'State', 'Step', 'Reason', 'Run'];
  const table = (title: string, rows: typeof all, note: string, folded: boolean): ReportTable[] => {
    if (rows.length === 0) return [];
    const more = rows.length - SHOWN.lost;
    const cut = more > 0 ? ` ${more} more are not shown.` : '';
    return [
      { title, columns, rows: rows.slice(0, SHOWN.lost).map(rowOf), note: `${note}${cut}`, folded, sortable: true },
    ];
  };
  const failed = all.filter(({ r }) => lostStates.has(r.state));
  const pruned = all.filter(({ r }) => r.state === 'pruned');
  return [
    ...table(
      `What did not finish: ${plural(failed.length, 'run')}`,
      failed,
      "log.txt in a run's folder has its last words. These runs count in no mean.",
      false,
    ),
    ...table(
      `Stopped early: ${plural(pruned.length, 'run')}`,
      pruned,
      'Given up by the search or by a person; their numbers after fewer updates count in no mean.',
      true,
    ),
  ];
}

function stateInWords({ state, cause }: SweepRun): string {
  if (state !== 'failed' || cause === undefined) return state;
  return cause === 'user' ? 'failed by its settings' : 'failed by the machine';
}

function reached({ run }: SweepRun): WrittenNumber {
  if (!run) return num(0, '–');
  const step = Math.max(run.train.at(-1)?.step ?? 0, run.evals.at(-1)?.step ?? 0);
  const { steps } = (run.config.train ?? {}) as { steps?: unknown }; // looked at before it is used
  return num(step, typeof steps === 'number' ? `${count(step)} of ${count(steps)}` : count(step));
}

/** Every run. */
export function everyRun({ configurations, metric }: Sweep): ReportTable[] {
  const all = configurations.flatMap((c) => c.runs.map((r) => ({ c, r })));
  const rows = all.slice(0, SHOWN.all).map(({ c, r }) => {
    const last = r.run?.evals.at(-1);
    const value = last?.[metric.name] ?? Number.NaN;
    const seconds = r.run?.seconds ?? Number.NaN;
    return [
      r.id,
      c.name,
      num(r.seed, String(r.seed)),
      stateInWords(r),
      reached(r),
      num(value, metric.write(value)),
      num(seconds, duration(seconds)),
    ];
  });
  const more = all.length - rows.length;
  return [
    {
      title: all.length === 1 ? 'The run' : `All ${all.length} runs`,
      columns: ['Run', 'Configuration', 'Seed', 'State', 'Step', capital(metric.title), 'Time'],
      rows,
      note: `${capital(metric.title)} at the last evaluation, whatever became of the run.${more > 0 ? ` ${more} more are not shown.` : ''}`,
      folded: true,
      sortable: true,
    },
  ];
}
