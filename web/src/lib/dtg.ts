/**
 * Date-time groups, as allied message practice writes time (ACP 121): day, hour and minute, zone
 * letter, month, year, e.g. `221451ZNOV26`.
 *
 * Zone letters are those of the nautical time zones: Z is UTC, I is UTC+9 (Japan), W is UTC-10
 * (Hawaii), R and Q are UTC-5 and UTC-4 (Washington, by season).
 */

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;
/** Letters for UTC+1 to UTC+12; J is not a zone but "local time of the observer". */
const EAST = 'ABCDEFGHIKLM';
const WEST = 'NOPQRSTUVWXY';

export type Zone = { key: 'zulu' | 'tokyo' | 'hawaii' | 'washington'; iana: string };
export const ZONES: readonly Zone[] = [
  { key: 'zulu', iana: 'UTC' },
  { key: 'tokyo', iana: 'Asia/Tokyo' },
  { key: 'hawaii', iana: 'Pacific/Honolulu' },
  { key: 'washington', iana: 'America/New_York' },
];

type Parts = { year: number; month: number; day: number; hour: number; minute: number };

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(iana: string): Intl.DateTimeFormat {
  let format = formats.get(iana);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: iana,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(iana, format);
  }
  return format;
}

export function partsIn(iana: string, when: Date): Parts {
  const read = Object.fromEntries(formatFor(iana).formatToParts(when).map((p) => [p.type, Number(p.value)]));
  return {
    year: read.year ?? 0,
    month: read.month ?? 1,
    day: read.day ?? 1,
    hour: read.hour ?? 0,
    minute: read.minute ?? 0,
  };
}

/** Whole hours east of UTC at `when`; zones off the hour (India, Nepal) have no letter. */
export function offsetHours(iana: string, when: Date): number {
  const p = partsIn(iana, when);
  const wall = Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute);
  const minute = Math.floor(when.getTime() / 60_000) * 60_000;
  return (wall - minute) / 3_600_000;
}

export function zoneLetter(hours: number): string {
  if (hours === 0) return 'Z';
  return (hours > 0 ? EAST[hours - 1] : WEST[-hours - 1]) ?? 'J';
}

const two = (n: number): string => String(n).padStart(2, '0');

/** The date-time group of `when` in a zone, Zulu unless said otherwise. */
export function dtg(when: Date | string, iana = 'UTC'): string {
  const date = typeof when === 'string' ? new Date(when) : when;
  if (Number.isNaN(date.getTime())) return '—';
  const p = partsIn(iana, date);
  const letter = zoneLetter(offsetHours(iana, date));
  return `${two(p.day)}${two(p.hour)}${two(p.minute)}${letter}${MONTHS[p.month - 1]}${two(p.year % 100)}`;
}

/** `15:49` and the like, for clocks and for lists that already say the day. */
export function clockTime(when: Date, iana: string): string {
  const p = partsIn(iana, when);
  return `${two(p.hour)}:${two(p.minute)}`;
}

/** Value of an `<input type="datetime-local">` that shows Zulu time. */
export function toZuluInput(when: Date): string {
  return when.toISOString().slice(0, 16);
}

/** RFC 3339 from such an input; undefined when it is empty or not a time. */
export function fromZuluInput(value: string): string | undefined {
  const when = new Date(value + 'Z');
  return value && !Number.isNaN(when.getTime()) ? when.toISOString() : undefined;
}

/** `now` rounded up to the next five minutes, `minutes` later: deadlines people can say aloud. */
export function inMinutes(now: Date, minutes: number): Date {
  const step = 5 * 60_000;
  return new Date(Math.ceil((now.getTime() + minutes * 60_000) / step) * step);
}
