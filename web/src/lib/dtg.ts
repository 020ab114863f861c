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

/** Hours east of UTC of a zone letter; undefined for J and for what is no letter. */
function hoursOf(letter: string): number | undefined {
  if (letter === 'Z') return 0;
  const [east, west] = [EAST.indexOf(letter), WEST.indexOf(letter)];
  return east >= 0 ? east + 1 : west >= 0 ? -(west + 1) : undefined;
}

const FULL = /^(\d{2})(\d{2})(\d{2})([A-Z])(?:([A-Z]{3})(\d{2}))?$/;
const HOUR = /^(\d{2}):?(\d{2})([A-Z])?$/;
const LATER = /^\+(\d{1,4})([MHD]?)$/;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * The moment a person typed: a date-time group with or without month and year (`221800Z`, the nearest
 * such day), a time (`1800`, `0300I`: the next time it is that), or `+45`, `+2h`, `+1d` from now.
 */
export function parseDtg(typed: string, now: Date): Date | null {
  const text = typed.trim().toUpperCase().replaceAll(' ', '');
  const later = LATER.exec(text);
  if (later) {
    const unit = { '': MINUTE_MS, M: MINUTE_MS, H: 60 * MINUTE_MS, D: DAY_MS }[later[2] ?? ''] ?? MINUTE_MS;
    return new Date(now.getTime() + Number(later[1]) * unit);
  }
  const full = FULL.exec(text);
  if (full) return fromGroup(full, now);
  const hour = HOUR.exec(text);
  return hour ? nextTime(Number(hour[1]), Number(hour[2]), hour[3] ?? 'Z', now) : null;
}

function fromGroup(group: RegExpExecArray, now: Date): Date | null {
  const [, day, hour, minute, letter = '', name, year] = group;
  const wall = (y: number, m: number): Date | null => moment(y, m, Number(day), Number(hour), Number(minute), letter);
  if (name) {
    const month = (MONTHS as readonly string[]).indexOf(name);
    return month < 0 ? null : wall(2000 + Number(year), month);
  }
  const near = [-1, 0, 1].map((step) => wall(now.getUTCFullYear(), now.getUTCMonth() + step)).filter((d) => d !== null);
  const away = (d: Date): number => Math.abs(d.getTime() - now.getTime());
  return near.sort((a, b) => away(a) - away(b))[0] ?? null;
}

function nextTime(hour: number, minute: number, letter: string, now: Date): Date | null {
  const today = moment(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), hour, minute, letter);
  if (!today) return null;
  const days = Math.floor((now.getTime() - today.getTime()) / DAY_MS) + 1;
  return new Date(today.getTime() + days * DAY_MS);
}

function moment(year: number, month: number, day: number, hour: number, minute: number, letter: string): Date | null {
  const east = hoursOf(letter);
  if (east === undefined || hour > 23 || minute > 59) return null;
  const wall = new Date(Date.UTC(year, month, day, hour, minute));
  // A day that the month does not have rolls over: that is a slip, not a date.
  if (wall.getUTCDate() !== day) return null;
  return new Date(wall.getTime() - east * 60 * MINUTE_MS);
}

/** `now` rounded up to the next five minutes, `minutes` later: deadlines people can say aloud. */
export function inMinutes(now: Date, minutes: number): Date {
  const step = 5 * 60_000;
  return new Date(Math.ceil((now.getTime() + minutes * 60_000) / step) * step);
}
