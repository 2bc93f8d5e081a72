// The page of `looplab watch`: its frame, its style, and the script that fills it from the server's lists.
import { fontFaces } from '../fonts.ts';
import { styleSheet } from '../report/style.ts';
import { palette, themeConfig } from '../theme.ts';

const style = `
main{max-width:1560px;padding-top:28px;display:grid;gap:16px;grid-template-columns:minmax(0,1fr)}
header{margin:0;max-width:none;display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px}
h1{font-size:26px}
.where{color:var(--muted);font-size:13px}
#pulse{margin-left:auto;color:var(--muted);font-size:13px}
#pulse::before{content:'';display:inline-block;width:8px;height:8px;border-radius:50%;background:var(--s2);margin-right:7px}
#pulse.lost::before{background:var(--s1)}
.tools2{display:flex;flex-wrap:wrap;gap:8px;margin:12px 0 4px}
input[type=search],select{font:inherit;font-size:14px;color:var(--text);background:var(--page);border:1px solid var(--edge);border-radius:8px;padding:7px 10px;min-width:0}
input[type=search]{flex:1 1 200px}
input:focus-visible,select:focus-visible{outline:2px solid var(--s0);outline-offset:1px}
.hint{color:var(--muted);font-size:12.5px;margin:0 0 6px}
.list{max-height:70vh;overflow:auto;margin:0 -12px;padding:0 12px}
.list table{font-size:13.5px}
.list td,.list th{padding:6px 0 6px 12px}
.list thead th{position:sticky;top:0;background:var(--card);z-index:1}
.list tr.study th{padding-top:16px;font-size:13px;color:var(--muted);font-weight:600;text-align:left}
.list td.name{max-width:0;width:50%;overflow:hidden;text-overflow:ellipsis}
.list label{display:flex;align-items:center;gap:8px;overflow:hidden;text-overflow:ellipsis;cursor:pointer}
.list input{accent-color:var(--s0);margin:0;flex:none}
.bar{display:inline-block;vertical-align:middle;width:44px;height:5px;border-radius:3px;background:var(--grid);overflow:hidden;margin-right:7px}
.bar i{display:block;height:100%;background:var(--s0)}
.failed,.diverged,.unreadable{color:var(--s1)}
.card>.head{display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center}
.card>.head h2{margin-right:auto}
section.card{margin-top:0}
.head button{font:inherit;font-size:13px;line-height:1;color:var(--muted);background:none;border:1px solid var(--edge);border-radius:8px;padding:8px 11px;cursor:pointer}
.head button:hover,.head button:focus-visible{color:var(--text);border-color:var(--muted)}
.empty{color:var(--muted);font-size:14px;margin:14px 0 0}
#curves{margin-top:14px;min-height:330px}
#drawn{display:grid;gap:24px;margin-top:16px}
#drawn img{width:100%;height:auto;display:block;margin-top:10px}
#drawn p{margin:4px 0 0;color:var(--muted);font-size:13.5px;max-width:72ch}
h3{margin:0}
@media (min-width:1100px){main{grid-template-columns:minmax(0,5fr) minmax(0,7fr)}header{grid-column:1/-1}.side{grid-row:span 3;align-self:start;position:sticky;top:16px}.list{max-height:calc(100vh - 250px)}}
`;

/** The frame; everything in it comes from the script. */
export function pageHtml(token: string): string {
  const at = (path: string): string => `${path}?token=${token}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>LoopLab runs</title>
<style>${fontFaces()}${styleSheet}${style}</style>
</head>
<body data-token="${token}">
<main>
<header><h1>Runs</h1><span class="where" id="where"></span><span id="pulse" role="status">loading</span></header>
<section class="card side" aria-label="Runs">
<div class="head"><h2 id="count">Runs</h2><button type="button" id="none">Clear</button></div>
<div class="tools2"><input type="search" id="filter" aria-label="Filter runs" placeholder="Filter: mano state:running seed:0"><select id="order" aria-label="Order"><option value="name">by name</option><option value="accuracy">best accuracy first</option><option value="loss">lowest loss first</option></select></div>
<p class="hint">Words match anywhere; <code>state:</code>, <code>task:</code>, <code>study:</code>, <code>strategy:</code>, <code>seed:</code> match one field.</p>
<div class="list" tabindex="0" id="list"></div>
</section>
<section class="card" aria-label="Curves"><div class="head"><h2>Curves</h2><select id="curve" aria-label="Quantity"><option value="accuracy">held-out accuracy</option><option value="loss">held-out loss</option><option value="bitsPerByte">held-out bits per byte</option><option value="trainLoss">training loss</option></select></div><div id="curves"></div></section>
<section class="card" aria-label="Comparison"><div class="head"><h2>Comparison</h2></div><div id="comparison"></div></section>
<section class="card" aria-label="Figures"><div class="head"><h2>Figures</h2><button type="button" id="draw">Draw from the chosen runs</button></div><div id="drawn"></div></section>
</main>
<script src="${at('/vega.js')}"></script>
<script src="${at('/vega-lite.js')}"></script>
<script src="${at('/vega-embed.js')}"></script>
<script src="${at('/page.js')}"></script>
</body>
</html>
`;
}

const look = { light: themeConfig('screen', 'light'), dark: themeConfig('screen', 'dark') };

/** Plain browser JavaScript. What comes from runs is only ever set as text, never as markup. */
export const clientScript = `
(() => {
  'use strict';
  const token = document.body.dataset.token;
  const look = ${JSON.stringify(look)};
  const colours = ${JSON.stringify(palette)};
  const $ = (id) => document.getElementById(id);
  const darkness = matchMedia('(prefers-color-scheme: dark)');
  const mode = () => (darkness.matches ? 'dark' : 'light');
  const MOST = 12;
  let runs = [];
  let chosen = [];
  let view;

  const el = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children.map((c) => (c instanceof Node ? c : String(c))));
    return made;
  };
  const get = async (path, query = []) => {
    const search = new URLSearchParams([['token', token], ...query]);
    const reply = await fetch(path + '?' + search);
    if (!reply.ok) throw new Error(await reply.text());
    return reply.json();
  };
  const byId = (id) => runs.find((r) => r.id === id);
  const colourOf = (id) => 'var(--s' + (chosen.indexOf(id) % 7) + ')';
  const share = (x) => (x === undefined ? '' : (100 * x).toFixed(1) + '%');
  const number = (x) => (x === undefined ? '' : x.toFixed(3));
  const label = (r) => r.name + ', seed ' + r.seed;

  function matches(run, words) {
    return words.every((word) => {
      const [field, wanted] = word.split(':');
      if (wanted !== undefined && field in run) return String(run[field]).toLowerCase().startsWith(wanted);
      return [run.id, run.name, run.study, run.strategy, run.task, run.state].some((x) => x.toLowerCase().includes(word));
    });
  }

  function shownRuns() {
    const words = $('filter').value.toLowerCase().split(/\\s+/).filter((w) => w !== '');
    const shown = runs.filter((run) => matches(run, words));
    const order = $('order').value;
    if (order === 'accuracy') shown.sort((a, b) => (b.accuracy ?? -1) - (a.accuracy ?? -1));
    else if (order === 'loss') shown.sort((a, b) => (a.loss ?? 1e9) - (b.loss ?? 1e9));
    else shown.sort((a, b) => (a.study + ' ' + a.name).localeCompare(b.study + ' ' + b.name) || a.seed - b.seed);
    return shown;
  }

  function drawList() {
    const shown = shownRuns();
    $('count').textContent = shown.length === runs.length ? runs.length + ' runs' : shown.length + ' of ' + runs.length + ' runs';
    const head = el('thead', {}, el('tr', {}, ...['Run', 'Progress', 'Accuracy', 'Loss'].map((t) => el('th', { scope: 'col' }, t))));
    const body = el('tbody');
    const grouped = $('order').value === 'name';
    let study;
    for (const run of shown) {
      if (grouped && run.study !== study) {
        study = run.study;
        body.append(el('tr', { class: 'study' }, el('th', { colspan: 4, scope: 'rowgroup' }, study || 'unreadable')));
      }
      const box = el('input', { type: 'checkbox', value: run.id, 'aria-label': 'choose ' + run.id });
      box.checked = chosen.includes(run.id);
      const swatch = el('span', { class: 'swatch' });
      if (box.checked) swatch.style.setProperty('--c', colourOf(run.id));
      else swatch.style.visibility = 'hidden';
      const bar = el('i');
      const done = run.steps ? Math.min(1, run.step / run.steps) : 0;
      bar.style.width = 100 * done + '%';
      const progress = run.state === 'running' || run.state === 'unknown'
        ? el('td', {}, el('span', { class: 'bar' }, bar), run.steps ? Math.floor(100 * done) + '%' : run.step)
        : el('td', { class: run.state }, run.cause ? run.state + '(' + run.cause + ')' : run.state);
      if (run.error) progress.title = run.error;
      const name = el('label', { title: run.id }, box, swatch, label(run));
      body.append(el('tr', {}, el('td', { class: 'name' }, name), progress, el('td', {}, share(run.accuracy)), el('td', {}, number(run.loss))));
    }
    const list = $('list');
    const top = list.scrollTop;
    list.replaceChildren(el('table', {}, head, body));
    list.scrollTop = top;
  }

  async function drawCurves() {
    const place = $('curves');
    if (chosen.length === 0) {
      if (view) view.finalize();
      view = undefined;
      return place.replaceChildren(el('p', { class: 'empty' }, 'Choose runs on the list to see how they learn.'));
    }
    const curve = $('curve').value;
    const found = await get('/curves', [['curve', curve], ...chosen.map((id) => ['run', id])]);
    const values = found.flatMap(({ id, points }) => points.map(([step, value]) => ({ run: id, name: label(byId(id) ?? { name: id, seed: '' }), step, value })));
    if (values.length === 0) return place.replaceChildren(el('p', { class: 'empty' }, 'None of the chosen runs has measured this yet.'));
    const range = chosen.map((_, i) => colours[mode()][i % 7]);
    const format = curve === 'accuracy' ? '.0%' : undefined;
    const spec = {
      $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
      data: { values },
      width: Math.max(260, place.clientWidth - 4),
      height: 320,
      autosize: { type: 'fit', contains: 'padding' },
      mark: { type: 'line', point: values.length < 40 * found.length ? { size: 22 } : false },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'Update', axis: { format: '~s', tickCount: 6 } },
        y: { field: 'value', type: 'quantitative', title: $('curve').selectedOptions[0].textContent, scale: { zero: false }, axis: { format } },
        color: { field: 'run', type: 'nominal', scale: { domain: chosen, range }, legend: null },
        tooltip: [
          { field: 'name', type: 'nominal', title: 'run' },
          { field: 'step', type: 'quantitative', title: 'update', format: ',' },
          { field: 'value', type: 'quantitative', format: curve === 'accuracy' ? '.1%' : '.4f' },
        ],
      },
      config: { ...look[mode()], background: 'transparent', padding: 2 },
    };
    const next = el('div');
    const result = await vegaEmbed(next, spec, { renderer: 'svg', actions: false, tooltip: { theme: mode() } });
    if (view) view.finalize();
    view = result.view;
    next.setAttribute('role', 'img');
    next.setAttribute('aria-label', 'Curves of ' + found.length + ' runs');
    place.replaceChildren(next);
  }

  async function drawComparison() {
    const place = $('comparison');
    const picked = chosen.map(byId).filter((r) => r !== undefined);
    if (picked.length === 0) return place.replaceChildren(el('p', { class: 'empty' }, 'Choose two runs or more to compare them.'));
    const rows = await get('/differences', picked.map((r) => ['run', r.id]));
    const head = el('tr', {}, el('th', {}, ''), ...picked.map((r) => {
      const swatch = el('span', { class: 'swatch' });
      swatch.style.setProperty('--c', colourOf(r.id));
      return el('th', { scope: 'col', title: r.id }, swatch, ' ', label(r));
    }));
    const line = (name, write) => el('tr', {}, el('th', { scope: 'row' }, name), ...picked.map((r) => el('td', {}, write(r))));
    const body = [
      line('held-out accuracy', (r) => share(r.accuracy)),
      line('held-out loss', (r) => number(r.loss)),
      line('parameters', (r) => r.params ?? ''),
      line('seconds', (r) => (r.seconds === undefined ? '' : r.seconds.toFixed(1))),
      ...rows.map(({ key, values }) => el('tr', {}, el('th', { scope: 'row' }, key), ...values.map((v) => el('td', {}, v)))),
    ];
    place.replaceChildren(el('div', { class: 'scroll', tabindex: 0 }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...body))));
  }

  async function drawFigures() {
    const place = $('drawn');
    try {
      const figures = await get('/figures', [['mode', mode()], ...chosen.map((id) => ['run', id])]);
      place.replaceChildren(...figures.map(({ title, caption, svg }) => {
        const picture = el('img', { alt: title });
        picture.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
        return el('div', {}, el('h3', {}, title), el('p', {}, caption), picture);
      }));
    } catch (error) {
      place.replaceChildren(el('p', { class: 'empty' }, error.message));
    }
  }

  const redraw = () => Promise.all([drawCurves(), drawComparison()]).catch((error) => console.error(error));

  let before = '';
  async function refresh() {
    try {
      const { root, runs: next } = await get('/runs');
      const text = JSON.stringify(next);
      $('where').textContent = root;
      const active = next.filter((r) => r.state === 'running').length;
      $('pulse').textContent = active === 0 ? 'no run is active' : active + (active === 1 ? ' run is active' : ' runs are active');
      $('pulse').className = '';
      if (text !== before) {
        const moved = chosen.some((id) => JSON.stringify(byId(id)) !== JSON.stringify(next.find((r) => r.id === id)));
        before = text;
        runs = next;
        chosen = chosen.filter((id) => byId(id));
        drawList();
        if (moved) redraw();
      }
    } catch (error) {
      $('pulse').textContent = 'no answer from looplab watch';
      $('pulse').className = 'lost';
    }
    setTimeout(refresh, 2000);
  }

  $('list').addEventListener('change', ({ target }) => {
    if (target.checked) chosen = [...chosen, target.value].slice(-MOST);
    else chosen = chosen.filter((id) => id !== target.value);
    drawList();
    redraw();
  });
  for (const id of ['filter', 'order']) $(id).addEventListener('input', drawList);
  $('none').addEventListener('click', () => {
    chosen = [];
    drawList();
    redraw();
  });
  $('curve').addEventListener('change', redraw);
  $('draw').addEventListener('click', drawFigures);
  darkness.addEventListener('change', redraw);
  let timer;
  addEventListener('resize', () => {
    clearTimeout(timer);
    timer = setTimeout(redraw, 150);
  });
  redraw();
  refresh();
})();
`;
