/** Where the go-to box can lead: a coordinate, a place of the table, or what is on the map.  Pure. */
import type { Lang } from '../../../api/types';
import { formatted, parseCoordinate } from '../../../lib/coordinates';
import { PLACES } from '../places';
import type { MapPoint } from './points';

export type Destination = { key: string; names: Record<Lang, string>; lon: number; lat: number; zoom: number };

const MOST = 8;
/** Near enough to see the island or the base whole. */
const CLOSE = 9;
const CLOSER = 11;

/** Case, width, macrons and spaces do not matter: "ｲｼｶﾞｷ", "Ishigaki", "ISHIGAKIJIMA". */
const folded = (text: string): string =>
  text.normalize('NFKC').normalize('NFD').replace(/(?<=\p{Script=Latin})\p{M}/gu, '').normalize('NFC').toLowerCase().replace(/[\s\-‐・']/g, '');

/** Names that begin with what was typed come before those that merely hold it. */
export function destinations(text: string, points: readonly MapPoint[]): Destination[] {
  const coordinate = parseCoordinate(text);
  if (coordinate) {
    const name = formatted(coordinate, 'mgrs');
    return [{ key: 'at', names: { en: name, ja: name }, ...coordinate, zoom: CLOSE }];
  }
  const wanted = folded(text.slice(0, 80));
  if (!wanted) return [];
  const places = PLACES.map((p, i) => ({ key: `place ${i}`, names: { en: p.en, ja: p.ja }, lon: p.lon, lat: p.lat, zoom: p.sea || p.from < 30 ? 6 : CLOSE }));
  const shown = points.map((p) => ({ key: p.id, names: p.names, lon: p.lon, lat: p.lat, zoom: CLOSER }));
  const rank = (d: Destination): number => Math.max(...Object.values(d.names).map((n) => (folded(n).startsWith(wanted) ? 2 : folded(n).includes(wanted) ? 1 : 0)));
  return [...places, ...shown]
    .map((d) => ({ d, r: rank(d) }))
    .filter(({ r }) => r > 0)
    .sort((a, b) => b.r - a.r)
    .slice(0, MOST)
    .map(({ d }) => d);
}
