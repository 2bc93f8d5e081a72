// Plain text tables for a terminal.

/**
 * Rows under their headings, columns two spaces apart, the last one unpadded.
 * @param right indices of columns set flush right, for numbers
 */
export function columns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, c) => Math.max(...all.map((row) => (row[c] ?? '').length)));
  const line = (row: readonly string[]): string =>
    headings
      .map((_, c) => {
        const text = row[c] ?? '';
        return right.includes(c) ? text.padStart(widths[c] ?? 0) : text.padEnd(widths[c] ?? 0);
      })
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}
