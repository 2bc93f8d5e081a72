// The logit lens as HTML: one line a token, one column a loop, coloured by probability, the exit marked.
import { escapeHtml as h } from '../report/html.ts';
import type { AnalysisRecord } from './readAnalyses.ts';

type Rows = AnalysisRecord['tables'][string];

/** Rows of text shown; more are in the table. */
const SHOWN = 4;

/** @param rows the `lens` table of the geometry analysis */
export function lensPanel(rows: Rows): string {
  const texts = [...new Set(rows.map((r) => r.row))].slice(0, SHOWN);
  const loops = [...new Set(rows.map((r) => Number(r.loop)))].sort((a, b) => a - b);
  const head = ['read', 'to say', ...loops.map((l) => `loop ${l}`)]
    .map((t, c) => `<th scope="col"${c < 2 ? ' class="text"' : ''}>${t}</th>`)
    .join('');
  const tables = texts.map((text) => {
    const own = rows.filter((r) => r.row === text);
    const positions = [...new Set(own.map((r) => Number(r.position)))].sort((a, b) => a - b);
    const body = positions.map((position) => {
      const here = own.filter((r) => r.position === position);
      const first = here[0];
      const cells = loops.map((loop) => cell(here.find((r) => r.loop === loop)));
      return `<tr><td class="text">${h(String(first?.symbol ?? ''))}</td><td class="text">${h(String(first?.target ?? ''))}</td>${cells.join('')}</tr>`;
    });
    return `<div class="scroll" tabindex="0"><table class="lens"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
  });
  return `<style>.lens td.p{padding:7px 9px;text-align:center;border-left:2px solid var(--card);border-bottom:2px solid var(--card);background:color-mix(in srgb,var(--s0) calc(var(--p)*1%),var(--code))}.lens td.p.strong{color:var(--card)}.lens td.exit{box-shadow:inset 0 -3px 0 var(--s1)}.lens td.wrong{font-style:italic}</style>
<p class="small">Colour: probability of what should be said. Text: the likeliest symbol, slanted where it is wrong. Underlined: where the exit distribution has its median.</p>${tables.join('')}`;
}

function cell(r: Rows[number] | undefined): string {
  if (!r) return '<td></td>';
  const p = Math.round(100 * Number(r.probability));
  const wrong = r.target !== null && r.target !== '' && r.said !== r.target;
  const classes = ['p', p > 60 ? 'strong' : '', r.exit === true ? 'exit' : '', wrong ? 'wrong' : ''].filter(
    (c) => c !== '',
  );
  return `<td class="${classes.join(' ')}" style="--p:${p}" title="${p}%">${h(String(r.said ?? ''))}</td>`;
}
