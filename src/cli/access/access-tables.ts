import { printable } from '../../config/index.ts';

type Rows = readonly (readonly string[])[];

/** Columns of equal width, for a terminal. */
export function formatTable(unprinted: Rows): string {
  const rows = unprinted.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** RFC 4180: every field is quoted, and lines end with CRLF. */
export function formatCsv(rows: Rows): string {
  return rows.map((row) => `${row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\r\n`).join('');
}
