// The parts of a report as HTML: headline numbers, figures, tables, and how it all came about.
import type { Chart } from '../chart.ts';
import { count, percent } from '../charts/perLoop.ts';
import type { Run } from '../run.ts';
import type { LabelOf } from '../series.ts';
import { seriesOf } from '../series.ts';
import type { Estimate } from '../statistics.ts';
import { intervalInWords } from '../statistics.ts';
import type { Summary } from '../summary.ts';
import { escapeHtml as h } from './html.ts';

/** A further table of a report; numbers are set to the right. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly note?: string;
  /** Closed until somebody asks for it. */
  readonly folded?: boolean;
}

const quantities = {
  accuracy: { name: 'held-out accuracy', write: percent, best: Math.max },
  bitsPerByte: { name: 'held-out bits per byte', write: (v: number) => v.toFixed(3), best: Math.min },
} as const;

/** One big number for each series. */
export function statsHtml({ quantity, rows }: Summary): string {
  if (rows.length > 4) return ''; // the table says it better
  const { name, write } = quantities[quantity];
  const stat = (row: Summary['rows'][number], i: number) => `<div class="card stat">
<dt>${swatch(i)}${h(row.series)}</dt>
<dd><div class="big">${write(row.final.mean)}</div>
<div class="small">${name}${interval(row.final, write, ', ')}<br>${[...(row.params === undefined ? [] : [`${count(row.params)} parameters`]), seeds(row.seeds.length)].join(', ')}</div></dd>
</div>`;
  return `<dl class="stats">${rows.map(stat).join('')}</dl>`;
}

/** A chart with title, caption and still pictures for readers without scripts. */
export function figureHtml(
  chart: Chart,
  index: number,
  wide: boolean,
  stills: { light: string; dark: string },
): string {
  const legend = (chart.legend ?? []).map(({ name, color }) => `<li>${swatch(color)}${h(name)}</li>`).join('');
  return `<figure class="card${wide ? ' wide' : ''}" id="${h(chart.id)}">
<figcaption><h2>${h(chart.title)}</h2><div class="tools"><button type="button" data-save="svg" aria-label="Save as SVG">SVG</button><button type="button" data-save="png" aria-label="Save as PNG">PNG</button></div><p>${h(chart.caption)}</p></figcaption>
${legend === '' ? '' : `<ul class="legend">${legend}</ul>`}
<div class="plot" data-chart="${index}"><div class="still light">${stills.light}</div><div class="still dark" aria-hidden="true">${stills.dark}</div></div>
</figure>`;
}

/** The result after every loop for each series; the best final one stands out. */
export function summaryHtml({ quantity, rows }: Summary): string {
  const { name, write, best } = quantities[quantity];
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
    'Last loop',
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
  const note = `${name.charAt(0).toUpperCase()}${name.slice(1)} at the last evaluation: ${intervalInWords(rows.map((r) => r.final.n))}. Time is the mean of a run.`;
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
    .map((row) => `<tr>${row.map((value, c) => `<td${tag(c)}>${h(String(value))}</td>`).join('')}</tr>`)
    .join('');
  const content = `${tableHtml(head, body)}${table.note === undefined ? '' : `<p class="small">${h(table.note)}</p>`}`;
  if (table.folded) return `<details class="card"><summary>${h(table.title)}</summary>${content}</details>`;
  return sectionHtml(table.title, content);
}

/** What was trained on what, by which commands, from which code, on which machine. */
export function methodsHtml(runs: readonly Run[], commands: readonly string[]): string {
  const all = <T extends string | number>(of: (run: Run) => T | undefined): T[] => {
    const values = runs.map(of).filter((v): v is T => v !== undefined && v !== '');
    return [...new Set(values)];
  };
  const training = all((run) => described(run.config.train, ['steps', 'batch', 'lr', 'schedule', 'weightDecay']));
  const facts: [string, string][] = [
    ['Data', all((run) => `${run.task}${bracketed(described(run.config.task, undefined))}`).join('; ')],
    ['Objective', all((run) => `${run.objective}${bracketed(described(run.config.objective, undefined))}`).join('; ')],
    ['Training', training.join('; ')],
    [
      'Seeds',
      all((run) => run.seed)
        .sort((a, b) => a - b)
        .join(', '),
    ],
    ['Code', all((run) => commit(run)).join('; ')],
    ['Machine', all((run) => machine(run)).join('; ')],
    ['Device', all((run) => run.manifest.device).join('; ')],
    [
      'Packages',
      all((run) =>
        Object.entries(run.manifest.packages ?? {})
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
      ).join('; '),
    ],
  ];
  const list = facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${h(value)}</dd>`)
    .join('');
  const typed = commands.length === 0 ? '' : `<h3>Made with</h3><pre>${commands.map(h).join('\n')}</pre>`;
  return sectionHtml(
    'How this was made',
    `<div class="prose"><p>Every number is computed from the ${runs.length === 1 ? 'run folder' : `${runs.length} run folders`} listed below, at each run's last evaluation on held-out data. A point or thin line is one seed. Intervals over three seeds or more are 95% Student t intervals of the mean; over two seeds they are the range.</p>${typed}<dl class="facts">${list}</dl></div>`,
  );
}

/** Every run with its state. */
export function runsHtml(runs: readonly Run[], labelOf?: LabelOf): string {
  const head = ['Run', 'Model', 'Seed', 'State', 'Step', 'Time', 'Begun']
    .map((t, c) => `<th scope="col"${[1, 3, 6].includes(c) ? ' class="text"' : ''}>${t}</th>`)
    .join('');
  const body = seriesOf(runs, labelOf).flatMap((series, i) =>
    series.runs.map((run) => {
      const last = Math.max(run.train.at(-1)?.step ?? 0, run.evals.at(-1)?.step ?? 0);
      return `<tr><td>${h(run.id)}</td><td class="text">${swatch(i)} ${h(series.label)}</td>${cell(String(run.seed))}<td class="text">${run.state}${run.torn ? ', last line cut off' : ''}</td>${cell(count(last))}${cell(run.seconds === undefined ? '' : duration(run.seconds))}<td class="text">${h((run.manifest.createdAt ?? '').replace('T', ' ').replace(/(:\d\d)(\.\d+)?Z$/, '$1 UTC'))}</td></tr>`;
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

function tableHtml(head: string, body: string): string {
  return `<div class="scroll" tabindex="0"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const cell = (text: string): string => `<td>${text}</td>`;
const swatch = (index: number): string => `<span class="swatch" style="--c:var(--s${index % 7})"></span>`;
const seeds = (n: number): string => `${n} ${n === 1 ? 'seed' : 'seeds'}`;
const bracketed = (text: string | undefined): string => (text === undefined || text === '' ? '' : ` (${text})`);

function interval(e: Estimate, write: (v: number) => string, before: string, className?: string): string {
  if (!Number.isFinite(e.lo)) return '';
  const text = `${before}${write(e.lo)} to ${write(e.hi)}`;
  return className === undefined ? text : `<span class="${className}">${text}</span>`;
}

/** Values of a configuration as `key value, key value`, lists by their names; deeper things are left to config.json. */
function described(value: unknown, keys: readonly string[] | undefined): string {
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .filter(([k]) => k !== 'name' && k !== 'id' && (keys === undefined || keys.includes(k)))
    .map(([k, v]) => [k, Array.isArray(v) ? v.map(plain).join(' ') : plain(v)])
    .filter(([, text]) => text !== '')
    .map(([k, text]) => `${k} ${text}`)
    .join(', ');
}

/** A plain value as text, an object by its name, else nothing. */
function plain(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'name' in value ? plain(value.name) : '';
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';
}

function commit({ manifest: { git } }: Run): string | undefined {
  return git?.sha === undefined ? undefined : `commit ${git.sha.slice(0, 12)}${git.dirty ? ' with local changes' : ''}`;
}

function machine({ manifest: { cpu, cores, node } }: Run): string {
  return [
    cpu,
    cores === undefined ? undefined : `${cores} cores`,
    node === undefined ? undefined : `Node ${node.replace(/^v/, '')}`,
  ]
    .filter((x) => x !== undefined)
    .join(', ');
}

function duration(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}
