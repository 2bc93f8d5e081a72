// Bundles as elements of a page, for notebooks whose cells run in the browser, such as Observable's.
import { type MimeBundle, VEGALITE } from './mimeBundle.ts';

/** The part of the global `document` that is used. */
interface Page {
  createElement(tag: 'div'): HTMLElement;
}

/**
 * An element that shows bundles made by `bundlesOf` (and sent as JSON): pictures and tables at once, interactive charts as soon as
 * Vega is loaded; until then, and where it fails, their picture.
 *
 * @example
 * // a cell of Observable Notebook Kit, after one that ran in Node and is named `bundles`
 * display(element(bundles));
 */
export function element(bundles: readonly MimeBundle[], page: Page = document): HTMLElement {
  const all = page.createElement('div');
  for (const bundle of bundles) {
    const one = page.createElement('div');
    const { 'image/svg+xml': svg, 'text/html': html, 'text/plain': text, [VEGALITE]: spec } = bundle;
    if (svg !== undefined) one.innerHTML = String(svg);
    else if (html !== undefined) one.innerHTML = String(html);
    else one.textContent = String(text ?? '');
    fit(one);
    if (typeof spec === 'object' && spec !== null) {
      draw(one, spec).catch((error: unknown) => console.error('the chart stays a picture:', error));
    }
    all.append(one);
  }
  return all;
}

async function draw(place: HTMLElement, spec: object): Promise<void> {
  const { default: embed } = await import('vega-embed');
  const chart = place.cloneNode() as HTMLElement; // a clone is of the same kind
  await embed(chart, spec as Parameters<typeof embed>[1], { mode: 'vega-lite', renderer: 'svg', actions: false });
  // the picture brings the font that both are set in
  const font = place.querySelector('style');
  if (font) chart.prepend(font);
  fit(chart);
  place.replaceWith(chart);
}

/** Lets the picture shrink where its page is narrow. */
function fit(place: HTMLElement): void {
  const svg = place.querySelector('svg');
  if (svg) Object.assign(svg.style, { maxWidth: '100%', height: 'auto' });
}
