// Tables as HTML and as text, from Arquero tables or from plain rows.
import { escapeHtml } from '@looplab/figures';

/** An Arquero table, as far as it is read here. */
export interface TableLike {
  columnNames(): string[];
  numRows(): number;
  objects(options?: { readonly limit?: number }): object[];
}

/** The first rows of a table. */
export interface Extract {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** Rows of the whole table. */
  readonly total: number;
}

/** The first `limit` rows; the columns of plain rows are all their keys, in the order in which they are first met. */
export function extract(table: TableLike | readonly object[], limit: number): Extract {
  const isTable = 'columnNames' in table;
  const objects = isTable ? table.objects({ limit }) : table;
  const columns = isTable ? table.columnNames() : [...new Set(objects.flatMap((row) => Object.keys(row)))];
  return {
    columns,
    rows: objects.slice(0, limit).map((row) => {
      const cells = new Map<string, unknown>(Object.entries(row));
      return columns.map((name) => cells.get(name));
    }),
    total: isTable ? table.numRows() : objects.length,
  };
}

/** A cell as text: numbers with four significant digits, a dash where there is no value. */
export function written(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return listed(value).map(written).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function listed(value: readonly unknown[] | ArrayBufferView): readonly unknown[] {
  // of the views, DataView alone holds no sequence of values
  return value instanceof DataView ? [] : Array.from(value as Iterable<unknown>);
}

/** The table with its title above and, where rows were left out, their number below. Numbers are set to the right. */
export function htmlTable(part: Extract, title?: string): string {
  const side = part.columns.map((_, c) => (isNumeric(part, c) ? 'right' : 'left'));
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((text, c) => `<${tag} style="text-align:${side[c]}">${escapeHtml(text)}</${tag}>`).join('')}</tr>`;
  const caption = title === undefined ? '' : `<caption style="text-align:left">${escapeHtml(title)}</caption>`;
  const body = part.rows.map((row) => line(row.map(written), 'td')).join('\n');
  const note = leftOut(part);
  return `<table>${caption}
<thead>${line(part.columns, 'th')}</thead>
<tbody>
${body}
</tbody>
</table>${note === '' ? '' : `\n<p>${note}</p>`}`;
}

/** The same for a terminal, in columns. */
export function textTable(part: Extract, title?: string): string {
  const cells = [part.columns, ...part.rows.map((row) => row.map(written))];
  const widths = part.columns.map((_, c) => Math.max(...cells.map((row) => row[c]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((text, c) => (isNumeric(part, c) ? text.padStart(widths[c] ?? 0) : text.padEnd(widths[c] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [...(title === undefined ? [] : [title]), ...lines, leftOut(part)].filter((line) => line !== '').join('\n');
}

function isNumeric({ rows }: Extract, column: number): boolean {
  return rows.every((row) => row[column] == null || typeof row[column] === 'number');
}

function leftOut({ rows, total }: Extract): string {
  if (total === 0) return 'no rows';
  return rows.length === total ? '' : `${rows.length} of ${total} rows`;
}
