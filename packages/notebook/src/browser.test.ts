// Elements for pages, on a page of no more than is used; a real one is opened by notebooks.test.ts.
import { expect, it } from 'vitest';
import { element } from './browser.ts';

/** A div that keeps what it is given. */
class Div {
  innerHTML = '';
  textContent = '';
  readonly children: Div[] = [];
  /** What `querySelector` finds of it. */
  readonly svg = { style: { color: 'red' } };
  querySelector(): object | null {
    return this.innerHTML.includes('<svg') ? this.svg : null;
  }
  append(child: Div): void {
    this.children.push(child);
  }
}
const page = { createElement: () => new Div() as unknown as HTMLElement };

it('shows the picture, else the table, else the text', () => {
  const all = element(
    [
      { 'image/svg+xml': '<svg/>', 'text/plain': 'words' },
      { 'text/html': '<table></table>', 'text/plain': 'words' },
      { 'text/plain': '<b>words</b>' },
      {},
    ],
    page,
  ) as unknown as Div;
  expect(all.children.map((c) => c.innerHTML || c.textContent)).toEqual([
    '<svg/>',
    '<table></table>',
    '<b>words</b>',
    '',
  ]);
  expect(all.children[2]?.innerHTML).toBe('');
  // a picture shrinks with its page
  expect(all.children[0]?.svg.style).toEqual({ color: 'red', maxWidth: '100%', height: 'auto' });
  expect(all.children[1]?.svg.style).toEqual({ color: 'red' });
});
