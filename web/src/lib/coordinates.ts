/**
 * Coordinates as people write and say them: MGRS, UTM, decimal degrees, degrees with minutes and seconds.
 * Every form that is shown is also read.  Pure.
 */
import { fromMgrs, toMgrs } from './mgrs';
import { bandOf, fromUtm, toUtm, type LonLat } from './utm';

export const FORMS = ['mgrs', 'utm', 'dd', 'dms'] as const;
export type Form = (typeof FORMS)[number];

/** In the asked form; near the poles, where there is no grid, in decimal degrees. */
export function formatted(at: LonLat, form: Form): string {
  if (form === 'mgrs') return toMgrs(at) ?? decimal(at);
  if (form === 'dms') return `${sexagesimal(at.lat, 'NS')} ${sexagesimal(at.lon, 'EW')}`;
  const utm = form === 'utm' ? toUtm(at) : null;
  return utm ? `${utm.zone}${utm.band} ${Math.round(utm.easting)} ${Math.round(utm.northing)}` : decimal(at);
}

const decimal = ({ lon, lat }: LonLat): string =>
  `${Math.abs(lat).toFixed(5)}°${lat < 0 ? 'S' : 'N'} ${Math.abs(lon).toFixed(5)}°${lon < 0 ? 'W' : 'E'}`;

function sexagesimal(value: number, [plus, minus]: string): string {
  const tenths = Math.round(Math.abs(value) * 36_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const seconds = (tenths % 600) / 10;
  return `${Math.floor(tenths / 36_000)}°${two(Math.floor(tenths / 600) % 60)}′${seconds < 10 ? '0' : ''}${seconds.toFixed(1)}″${value < 0 ? minus : plus}`;
}

const UTM = /^(\d{1,2})\s*([C-HJ-NP-X])\s+(\d{6}(?:\.\d+)?)\s*(?:M?E)?[\s,]+(\d{1,8}(?:\.\d+)?)\s*(?:M?N)?$/i;
/** Degrees, then minutes and seconds if any, a hemisphere before or after. */
const ANGLE = /^([NSEW])?\s*([+-])?\s*(\d[\d.\s°'"′″]*?)\s*([NSEW])?$/;
/** How Japanese says it: 北緯26度12分 東経127度41分. */
const SPOKEN: Record<string, string> = { 北緯: 'N', 南緯: 'S', 東経: 'E', 西経: 'W', 度: '°', 分: '′', 秒: '″' };

/** Longest text tried: everything beyond is no coordinate. */
const LONGEST = 80;

/** Null when `text` is no coordinate in any form.  Two bare numbers are latitude first, as both services say them. */
export function parseCoordinate(text: string): LonLat | null {
  if (text.length > LONGEST) return null;
  const plain = text.normalize('NFKC').replace(/北緯|南緯|東経|西経|度|分|秒/g, (word) => SPOKEN[word] ?? '').trim();
  return fromMgrs(plain) ?? parseUtm(plain) ?? parseDegrees(plain.toUpperCase());
}

function parseUtm(text: string): LonLat | null {
  const [, zone, band = '', easting, northing] = UTM.exec(text) ?? [];
  if (!band || Number(zone) < 1 || Number(zone) > 60) return null;
  const at = fromUtm(Number(zone), band.toUpperCase() < 'N', Number(easting), Number(northing));
  return bandOf(at.lat) ? at : null;
}

function parseDegrees(text: string): LonLat | null {
  const halves = split(text);
  const read = halves?.map(angle);
  const [first, second] = read ?? [];
  if (!first || !second) return null;
  const swapped = first.axis === 'lon' || second.axis === 'lat';
  if (swapped && (first.axis === 'lat' || second.axis === 'lon')) return null;
  const [lat, lon] = swapped ? [second.value, first.value] : [first.value, second.value];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}

/** At the comma, after or before the first hemisphere letter, or in the middle of an even list of numbers. */
function split(text: string): [string, string] | null {
  const comma = text.split(/\s*,\s*/);
  if (comma.length === 2) return comma as [string, string];
  const letters = [...text.matchAll(/[NSEW]/g)];
  if (letters.length === 2) {
    const at = letters[0]?.index === 0 ? (letters[1]?.index ?? 0) : (letters[0]?.index ?? 0) + 1;
    return [text.slice(0, at).trim(), text.slice(at).trim()];
  }
  const words = text.split(/\s+/);
  const half = words.length / 2;
  return Number.isInteger(half) ? [words.slice(0, half).join(' '), words.slice(half).join(' ')] : null;
}

type Angle = { value: number; axis: 'lat' | 'lon' | null };

function angle(text: string): Angle | null {
  const [, before, sign, figures = '', after] = ANGLE.exec(text.trim()) ?? [];
  const numbers = figures.split(/[^\d.]+/).filter(Boolean).map(Number);
  const [degrees, minutes = 0, seconds = 0] = numbers;
  const letter = before ?? after ?? '';
  if (degrees === undefined || numbers.length > 3 || numbers.some(Number.isNaN)) return null;
  if (minutes >= 60 || seconds >= 60 || (before && after) || (letter && sign)) return null;
  const size = degrees + minutes / 60 + seconds / 3600;
  const negative = sign === '-' || letter === 'S' || letter === 'W';
  return { value: negative ? -size : size, axis: letter === '' ? null : 'NS'.includes(letter) ? 'lat' : 'lon' };
}
