/**
 * The Military Grid Reference System over UTM (NGA.SIG.0012, chapter 8; the lettering of WGS 84, "AA scheme").
 * References name a square by its south-western corner: digits are cut off, not rounded.  Pure.
 */
import { bandOf, BANDS, fromUtm, toUtm, type LonLat } from './utm';

const COLUMNS = ['ABCDEFGH', 'JKLMNPQR', 'STUVWXYZ'];
const ROWS = 'ABCDEFGHJKLMNPQRSTUV';
const SQUARE = 100_000;
/** Rows repeat after this many metres of northing. */
const CYCLE = 2_000_000;
const PATTERN = /^(\d{1,2})([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])((?:\d\d){0,5})$/;

/** `digits` a side: 5 is one metre, 3 a hundred.  Null beyond 80° S and 84° N. */
export function toMgrs(at: LonLat, digits = 5): string | null {
  const utm = toUtm(at);
  if (!utm) return null;
  const { zone, band, easting, northing } = utm;
  const column = COLUMNS[(zone - 1) % 3]?.[Math.floor(easting / SQUARE) - 1];
  const row = ROWS[(Math.floor(northing / SQUARE) + (zone % 2 ? 0 : 5)) % 20];
  const cut = (metres: number): string => String(Math.floor(metres % SQUARE)).padStart(5, '0').slice(0, digits);
  return `${zone}${band} ${column}${row} ${cut(easting)} ${cut(northing)}`.trim();
}

/** The middle of the square that `text` names, spaces and case aside; null when it is no MGRS reference. */
export function fromMgrs(text: string): LonLat | null {
  const [, zoneText = '', band = '', column = '', row = '', figures = ''] =
    PATTERN.exec(text.replace(/\s+/g, '').toUpperCase()) ?? [];
  const zone = Number(zoneText);
  const east = COLUMNS[(zone - 1) % 3]?.indexOf(column) ?? -1;
  if (!band || zone < 1 || zone > 60 || east < 0) return null;
  const half = figures.length / 2;
  const size = 10 ** (5 - half);
  const inside = (part: string): number => Number(part || '0') * size + size / 2;
  const easting = (east + 1) * SQUARE + inside(figures.slice(0, half));
  const northing = ((ROWS.indexOf(row) - (zone % 2 ? 0 : 5) + 20) % 20) * SQUARE + inside(figures.slice(half));
  return inBand(zone, band, easting, northing);
}

/** Of the places where the row's letter recurs, the one within the band; squares may hang over its edge. */
function inBand(zone: number, band: string, easting: number, northing: number): LonLat | null {
  const south = band < 'N';
  for (let metres = northing; metres < 10_000_000; metres += CYCLE) {
    const at = fromUtm(zone, south, easting, metres);
    const found = bandOf(at.lat);
    if (found && (found === band || hangsOver(at.lat, band))) return at;
  }
  return null;
}

/** Within one square of the band's edge: its letter still names the square. */
function hangsOver(lat: number, band: string): boolean {
  const from = BANDS.indexOf(band) * 8 - 80;
  return lat > from - 0.95 && lat < (band === 'X' ? 84 : from + 8) + 0.95;
}
