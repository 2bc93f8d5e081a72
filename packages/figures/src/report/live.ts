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
    const width = Math.floor(plot.clientWidth);
    const mode = darkness.matches ? 'dark' : 'light';
    const before = shown.get(plot);
    if (width === 0 || (before && before.width === width && before.mode === mode)) return;
    const narrow = width < 440 && chart.compact !== undefined;
    const height = narrow ? Math.round(Math.max(220, width * 0.7)) : chart.wide && width > 700 ? 380 : 300;
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
    const figure = button.closest('figure');
    const plot = figure.querySelector('.plot');
    const view = shown.get(plot) && shown.get(plot).view;
    if (!view) return;
    const link = document.createElement('a');
    link.href = await view.toImageURL(button.dataset.save, 3);
    link.download = data.charts[Number(plot.dataset.chart)].id + '.' + button.dataset.save;
    link.click();
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
