// The script of a report: replaces the still pictures by charts that fit the window, answer the pointer and follow light and dark.

/** Plain browser JavaScript; expects vega, vegaLite and vegaEmbed before it and the charts as JSON in `#charts`. */
export const liveScript = `
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('charts').textContent);
  const darkness = matchMedia('(prefers-color-scheme: dark)');
  const plots = [...document.querySelectorAll('.plot')];
  const shown = new Map();

  async function draw(plot) {
    const chart = data.charts[Number(plot.dataset.chart)];
    if ('facet' in chart.spec || 'concat' in chart.spec) return; // rows of panels do not fit a width
    const width = Math.floor(plot.clientWidth);
    const mode = darkness.matches ? 'dark' : 'light';
    const before = shown.get(plot);
    if (width === 0 || (before && before.width === width && before.mode === mode)) return;
    const narrow = width < 440 && chart.compact !== undefined;
    const height =
      chart.size === 'panel' ? 220
      : narrow ? Math.round(Math.max(220, width * 0.7))
      : chart.size === 'wide' && width > 700 ? 380 : 300;
    const now = { width, mode };
    shown.set(plot, now);
    const spec = {
      ...(narrow ? chart.compact : chart.spec),
      width,
      height,
      autosize: { type: 'fit', contains: 'padding' },
      config: data.config[mode],
    };
    const place = document.createElement('div');
    const options = { renderer: 'svg', actions: false, tooltip: { theme: mode }, mode: 'vega-lite' };
    const { view } = await vegaEmbed(place, spec, options);
    if (shown.get(plot) !== now) return view.finalize();
    if (before && before.view) before.view.finalize();
    now.view = view;
    place.setAttribute('role', 'img');
    place.setAttribute('aria-label', chart.alt);
    plot.replaceChildren(place);
    const figure = plot.closest('figure');
    figure.classList.add('live');
    figure.classList.toggle('narrow', narrow);
  }

  async function save(button) {
    for (const plot of button.closest('figure').querySelectorAll('.plot')) {
      const view = shown.get(plot) && shown.get(plot).view;
      if (!view) continue;
      const link = document.createElement('a');
      link.href = await view.toImageURL(button.dataset.save, 3);
      link.download = data.charts[Number(plot.dataset.chart)].id + '.' + button.dataset.save;
      link.click();
    }
  }

  // Numbers are ordered downwards first, texts upwards.
  function sort(heading) {
    const body = heading.closest('table').tBodies[0];
    const column = heading.cellIndex;
    const value = (row) => {
      const cell = row.cells[column];
      if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
      const text = cell.textContent.trim();
      return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
    };
    const rows = [...body.rows];
    const isText = rows.some((row) => typeof value(row) === 'string' && value(row) !== '');
    const before = heading.ariaSort;
    const up = before ? before === 'descending' : isText;
    for (const other of heading.parentNode.cells) other.ariaSort = null;
    heading.ariaSort = up ? 'ascending' : 'descending';
    const compare = isText
      ? (a, b) => String(value(a)).localeCompare(String(value(b)), 'en', { numeric: true })
      : (a, b) => value(a) - value(b);
    body.append(...rows.sort((a, b) => (up ? 1 : -1) * compare(a, b)));
  }
  for (const heading of document.querySelectorAll('.sortable thead th')) {
    heading.tabIndex = 0;
    heading.addEventListener('click', () => sort(heading));
    heading.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        sort(heading);
      }
    });
  }

  // A chart that cannot be drawn leaves its still picture in place.
  const drawAll = () => plots.forEach((plot) => draw(plot).catch((error) => console.error(error)));
  for (const button of document.querySelectorAll('[data-save]')) button.addEventListener('click', () => save(button));
  Promise.all([document.fonts.load('400 12px Inter'), document.fonts.load('600 12px Inter')]).finally(() => {
    drawAll();
    darkness.addEventListener('change', drawAll);
    let timer;
    addEventListener('resize', () => {
      clearTimeout(timer);
      timer = setTimeout(drawAll, 120);
    });
  });
})();
`;
