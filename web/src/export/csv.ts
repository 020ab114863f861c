/** Tables as CSV (RFC 4180), marked at head and foot, that no spreadsheet takes for formulas: pure. */

export type Cell = string | number | boolean | null | undefined;

/** What spreadsheets begin a formula with, full-width forms included (OWASP, CSV injection). */
const FORMULA = /^[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20|%]/;
/** Direction overrides would turn the line around them; isolates and the rest are left as they were written. */
const OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;
/** So that spreadsheets read UTF-8. */
const BOM = '\ufeff';

export function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const plain = value.replace(OVERRIDES, '');
  const safe = FORMULA.test(plain) || /^[\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** `marking` is that of everything in the table: the first line and the last, and no other stands before them. */
export function csv(marking: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [[marking], columns, ...rows, [marking]].map((line) => line.map(cell).join(','));
  return BOM + lines.join('\r\n') + '\r\n';
}
