// The parts of a report as HTML: headline numbers, figures, tables, and how it all came about.
import type { Chart } from '../chart.ts';
import { count } from '../charts/perLoop.ts';
import { capital, metrics } from '../metric.ts';
import type { Run } from '../run.ts';
import type { LabelOf } from '../series.ts';
import { seriesOf } from '../series.ts';
import type { Estimate } from '../statistics.ts';
import { intervalInWords } from '../statistics.ts';
import type { Summary } from '../summary.ts';
import { escapeHtml as h } from './html.ts';

/** A number that is not written as it is: `{ text: '56.4%', value: 0.564 }`. */
export interface WrittenNumber {
  readonly text: string;
  readonly value: number;
}

/** A further table of a report; numbers are set to the right. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | WrittenNumber)[])[];
  readonly note?: string;
  /** Closed until somebody asks for it. */
  readonly folded?: boolean;
  /** Whether a click on a heading orders the rows by it. */
  readonly sortable?: boolean;
}

/** One big number for each series. */
export function statsHtml({ quantity, rows }: Summary): string {
  if (rows.length > 4) return ''; // the table says it better
  const { title: name, write } = metrics[quantity];
  const stat = (row: Summary['rows'][number], i: number) => `<div class="card stat">
<dt>${swatch(i)}${h(row.series)}</dt>
<dd><div class="big">${write(row.final.mean)}</div>
<div class="small">${name}${interval(row.final, write, ', ')}<br>${[...(row.params === undefined ? [] : [`${count(row.params)} parameters`]), seeds(row.seeds.length)].join(', ')}</div></dd>
</div>`;
  return `<dl class="stats">${rows.map(stat).join('')}</dl>`;
}

/** A place for a live chart, with the pictures that stand there until then. */
export interface Plot {
  /** Its number on the page. */
  readonly index: number;
  /** Above a panel. */
  readonly title?: string;
  readonly stills: { readonly light: string; readonly dark: string };
}

/** A chart with title, caption and still pictures for readers without scripts; small multiples have several plots. */
export function figureHtml(chart: Chart, wide: boolean, plots: readonly Plot[]): string {
  const legend = (chart.legend ?? []).map(({ name, color }) => `<li>${swatch(color)}${h(name)}</li>`).join('');
  const inside = plots.map(
    ({ index, title, stills }) =>
      `${title === undefined ? '' : `<div><h3>${h(title)}</h3>`}<div class="plot" data-chart="${index}"><div class="still light">${stills.light}</div><div class="still dark" aria-hidden="true">${stills.dark}</div></div>${title === undefined ? '' : '</div>'}`,
  );
  const several = chart.panels !== undefined;
  return `<figure class="card${wide ? ' wide' : ''}${several ? ' multiple' : ''}" id="${h(chart.id)}">
<figcaption><h2>${h(chart.title)}</h2><div class="tools"><button type="button" data-save="svg" aria-label="Save as SVG">SVG</button><button type="button" data-save="png" aria-label="Save as PNG">PNG</button></div><p>${h(chart.caption)}</p></figcaption>
${legend === '' ? '' : `<ul class="legend">${legend}</ul>`}
${several ? `<div class="panels" data-n="${plots.length}">${inside.join('')}</div>` : inside.join('')}
</figure>`;
}

/** The result after every loop for each series; the best final one stands out. */
export function summaryHtml({ quantity, rows }: Summary): string {
  const { title: name, write, better } = metrics[quantity];
  const best = better === 'higher' ? Math.max : Math.min;
  const loops = Math.max(...rows.map((row) => row.perLoop.length));
  const spelled = loops > 1 && loops <= 8;
  const top = best(...rows.map((row) => row.final.mean));
  const head = [
    'Model',
    'Layers',
    'Loops',
    'Parameters',
    'Seeds',
    ...(spelled ? Array.from({ length: loops }, (_, t) => `Loop ${t + 1}`) : []),
    'Trained depth',
    'Time',
  ];
  const body = rows.map((row, i) => {
    const each = spelled
      ? Array.from({ length: loops }, (_, t) => cell(row.perLoop[t] === undefined ? '' : write(row.perLoop[t].mean)))
      : [];
    return `<tr><th scope="row">${swatch(i)}${h(row.series)}</th>${[
      cell(row.layers === undefined ? '' : String(row.layers)),
      cell(String(row.loops)),
      cell(row.params === undefined ? '' : count(row.params)),
      cell(String(row.seeds.length)),
      ...each,
      `<td${row.final.mean === top && rows.length > 1 ? ' class="best"' : ''}>${write(row.final.mean)}${interval(row.final, write, '', 'interval')}</td>`,
      cell(row.seconds === undefined ? '' : duration(row.seconds)),
    ].join('')}</tr>`;
  });
  const note = `${capital(name)} at the last evaluation: ${intervalInWords(rows.map((r) => r.final.n))}. Time is the mean of a run.`;
  return sectionHtml(
    'Results',
    `${tableHtml(head.map((text) => `<th scope="col">${text}</th>`).join(''), body.join(''))}<p class="small">${h(note)}</p>`,
  );
}

/** A table given by the caller. */
export function extraTableHtml(table: ReportTable): string {
  const text = table.columns.map((_, c) => table.rows.some((row) => typeof row[c] === 'string'));
  const tag = (c: number) => (text[c] ? ' class="text"' : '');
  const head = table.columns.map((name, c) => `<th scope="col"${tag(c)}>${h(name)}</th>`).join('');
  const body = table.rows
    .map((row) => `<tr>${row.map((value, c) => `<td${tag(c)}${order(value)}>${h(words(value))}</td>`).join('')}</tr>`)
    .join('');
  const content = `${tableHtml(head, body, table.sortable)}${table.note === undefined ? '' : `<p class="small">${h(table.note)}</p>`}`;
  if (table.folded) return `<details class="card"><summary>${h(table.title)}</summary>${content}</details>`;
  return sectionHtml(table.title, content);
}

type Value = ReportTable['rows'][number][number];

const words = (value: Value): string => (typeof value === 'object' ? value.text : String(value));

/** By what rows are ordered where the text does not say it. */
function order(value: Value): string {
  return typeof value === 'object' && Number.isFinite(value.value) ? ` data-v="${value.value}"` : '';
}

/** Every run with its state. */
export function runsHtml(runs: readonly Run[], labelOf?: LabelOf): string {
  const head = ['Run', 'Model', 'Seed', 'State', 'Step', 'Time', 'Begun']
    .map((t, c) => `<th scope="col"${[1, 3, 6].includes(c) ? ' class="text"' : ''}>${t}</th>`)
    .join('');
  const body = seriesOf(runs, labelOf).flatMap((series, i) =>
    series.runs.map((run) => {
      const last = Math.max(run.train.at(-1)?.step ?? 0, run.evals.at(-1)?.step ?? 0);
      return `<tr><td>${h(run.id)}</td><td class="text">${swatch(i)} ${h(series.label)}</td>${cell(String(run.seed))}<td class="text">${run.state}${run.torn ? ', last line cut off' : ''}</td>${cell(count(last))}${cell(run.seconds === undefined ? '' : duration(run.seconds))}<td class="text">${h(when(run.manifest.createdAt))}</td></tr>`;
    }),
  );
  return `<details class="card"><summary>${runs.length === 1 ? 'The run' : `All ${runs.length} runs`}</summary>${tableHtml(head, body.join(''))}</details>`;
}

/** A warning above everything else where runs are not whole. */
export function warningHtml(runs: readonly Run[]): string {
  const unfinished = runs.filter((run) => run.state !== 'finished');
  if (unfinished.length === 0) return '';
  const states = [...new Set(unfinished.map((run) => run.state))].map(
    (state) =>
      `${unfinished.filter((r) => r.state === state).length} ${state === 'unknown' ? 'of unknown state' : state}`,
  );
  return `<p class="warning"><strong>${unfinished.length} of ${runs.length} runs did not finish</strong> (${states.join(', ')}). Their last evaluation is shown as it stands.</p>`;
}

/** A card with a heading; `body` stands as it is. */
export function sectionHtml(title: string, body: string): string {
  return `<section class="card"><h2>${h(title)}</h2>${body}</section>`;
}

function tableHtml(head: string, body: string, sortable = false): string {
  return `<div class="scroll" tabindex="0"><table${sortable ? ' class="sortable"' : ''}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const cell = (text: string): string => `<td>${text}</td>`;
/** The square of a series' colour. */
const swatch = (index: number): string => `<span class="swatch" style="--c:var(--s${index % 7})"></span>`;
const seeds = (n: number): string => `${n} ${n === 1 ? 'seed' : 'seeds'}`;

function interval(e: Estimate, write: (v: number) => string, before: string, className?: string): string {
  if (!Number.isFinite(e.lo)) return '';
  const text = `${before}${write(e.lo)} to ${write(e.hi)}`;
  return className === undefined ? text : `<span class="${className}">${text}</span>`;
}

/** Seconds for people. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A time as manifests have it, for people. */
export function when(time: string | undefined): string {
  return (time ?? '').replace('T', ' ').replace(/(:\d\d)(\.\d+)?Z$/, '$1 UTC');
}
