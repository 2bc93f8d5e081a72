// Tables for papers: LaTeX with booktabs rules.
import type { ColumnTable } from 'arquero';

/** How a number is written; default four significant digits. */
export type NumberFormat = (value: number, column: string) => string;

/**
 * A `tabular` with booktabs rules, one row a row; numbers are set flush right. Needs `\usepackage{booktabs}`.
 * Values that are missing or not finite are written as an en dash.
 */
export function latexTable(table: ColumnTable, format: NumberFormat = fourDigits): string {
  const names = table.columnNames();
  const rows = table.objects() as Record<string, unknown>[]; // one object a row
  const isNumeric = (name: string): boolean => rows.every((r) => r[name] == null || typeof r[name] === 'number');
  const cell = (value: unknown, name: string): string => {
    if (value == null || (typeof value === 'number' && !Number.isFinite(value))) return '--';
    return typeof value === 'number' ? format(value, name) : escapeLatex(String(value));
  };
  const line = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`;
  return [
    `\\begin{tabular}{${names.map((n) => (isNumeric(n) ? 'r' : 'l')).join('')}}`,
    '\\toprule',
    line(names.map(escapeLatex)),
    '\\midrule',
    ...rows.map((row) => line(names.map((name) => cell(row[name], name)))),
    '\\bottomrule',
    '\\end{tabular}',
    '',
  ].join('\n');
}

const fourDigits: NumberFormat = (value) => {
  if (Number.isInteger(value)) return String(value);
  const text = String(Number(value.toPrecision(4)));
  const power = text.match(/^(.*)e([+-]?\d+)$/);
  return power ? `$${power[1]}\\cdot 10^{${Number(power[2])}}$` : text;
};

const special: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '×': '$\\times$',
  '⊗': '$\\otimes$',
};

/** Text that LaTeX would otherwise read as commands. */
export function escapeLatex(text: string): string {
  return text.replace(/[\\~^×⊗]|[&%$#_{}]/g, (c) => special[c] ?? `\\${c}`);
}
