/** Bytes as media are sold: decimal, with the three digits that matter. */
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function sized(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}
