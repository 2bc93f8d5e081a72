// Tables: which columns and rows are shown, how cells are written, and that no cell can be markup.
import { from } from 'arquero';
import { describe, expect, it } from 'vitest';
import { extract, htmlTable, textTable, written } from './table.ts';

describe('cells', () => {
  it.each([
    [3, '3'],
    [-1200000, '-1200000'],
    [0.123456, '0.1235'],
    [1234.5678, '1235'],
    [1e-7, '1e-7'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [null, '–'],
    [undefined, '–'],
    [false, 'false'],
    ['', ''],
    [[0.5, null, 'x'], '0.5, –, x'],
    [Float32Array.of(0.1, 2), '0.1, 2'],
    [{ a: 1 }, '{"a":1}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
  ])('%s is written %s', (value, text) => {
    expect(written(value)).toBe(text);
  });
});

describe('rows', () => {
  it('have all keys as columns, in the order of their first row', () => {
    expect(extract([{ a: 1 }, { b: 2, a: 3 }], 10)).toEqual({
      columns: ['a', 'b'],
      rows: [
        [1, undefined],
        [3, 2],
      ],
      total: 2,
    });
  });

  it('may be an Arquero table, of which filters and the order count', () => {
    const table = from([{ x: 3 }, { x: 1 }, { x: 2 }])
      .filter('d => d.x > 1')
      .orderby('x');
    expect(extract(table, 1)).toEqual({ columns: ['x'], rows: [[2]], total: 2 });
  });

  it('are cut with a note', () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ i }));
    const html = htmlTable(extract(rows, 20));
    expect(html.match(/<td/g)).toHaveLength(20);
    expect(html).toContain('<p>20 of 30 rows</p>');
    expect(textTable(extract(rows, 2))).toBe('i\n0\n1\n2 of 30 rows');
  });

  it('may be missing', () => {
    expect(textTable(extract([], 20))).toBe('no rows');
    expect(htmlTable(extract([], 20))).toContain('<p>no rows</p>');
  });
});

it('numbers are set to the right, text to the left', () => {
  const part = extract(
    [
      { name: 'looped', n: 4 },
      { name: 'p', n: 128 },
    ],
    20,
  );
  expect(textTable(part, 'Models')).toBe('Models\nname      n\nlooped    4\np       128');
  expect(htmlTable(part)).toContain('<td style="text-align:left">p</td><td style="text-align:right">128</td>');
});

it('what cells, columns and titles hold is text', () => {
  const html = htmlTable(extract([{ '<i>': '<script>alert(1)</script>', q: '"&\'' }], 20), '</caption><b>');
  expect(html.replace(/<\/?(table|caption|thead|tbody|tr|th|td)( style="text-align:\w+")?>/g, '')).not.toMatch(/[<>]/);
  expect(html).toContain('&lt;script&gt;');
});
