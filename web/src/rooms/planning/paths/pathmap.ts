/** A decision's path on a small map: posts gathered by place, and how often it goes from place to place.  Pure. */
import type { PathDescription, PathView } from '../../../api/types';
import type { SideName } from './lanes';

type Lang = 'en' | 'ja';
export type Place = { names: Record<Lang, string>; posts: string[]; lon: number; lat: number; x: number; y: number };
export type Way = { key: string; from: Place; to: Place; count: number; border: boolean; d: string; mid: { x: number; y: number } };
export type PathMap = { places: Place[]; ways: Way[]; within: number; unplaced: number; box: string; shift: { x: number; y: number; scale: number } };

export const SIZE = { width: 480, height: 260 };
/** Places closer than this on paper are one, with all their names. */
const APART = 26;
/** Degrees at least, so that two rooms of one camp do not fill the sheet. */
const LEAST = { lon: 8, lat: 5 };
const MARGIN = 0.22;
const BEND = 0.22;

/** Longitudes from 0 to 360, so that the Pacific is whole. */
const east = (lon: number): number => (lon < 0 ? lon + 360 : lon);

export function pathMap(described: PathDescription, side: SideName, view: PathView): PathMap | null {
  const used = new Set(view.hops.flatMap((h) => [h.sender, h.receiver]));
  const posts = described[side].posts.filter((p) => used.has(p.key));
  const sited = posts.filter((p) => p.site);
  if (!sited.length) return null;
  const shift = fit(sited.map((p) => ({ lon: east(p.site?.lon ?? 0), lat: p.site?.lat ?? 0 })));
  const places: Place[] = [];
  for (const post of sited) {
    if (!post.site) continue;
    const [lon, lat] = [east(post.site.lon), post.site.lat];
    const [x, y] = [shift.x + lon * shift.scale, shift.y - lat * shift.scale];
    const near = places.find((p) => Math.hypot(p.x - x, p.y - y) < APART);
    if (!near) places.push({ names: { ...post.site.name }, posts: [post.key], lon, lat, x, y });
    else {
      near.posts.push(post.key);
      for (const lang of ['en', 'ja'] as const) if (!near.names[lang].split(' · ').includes(post.site.name[lang])) near.names[lang] += ` · ${post.site.name[lang]}`;
    }
  }
  return { places, ...waysOf(view, places), unplaced: posts.length - sited.length, box: `0 0 ${SIZE.width} ${SIZE.height}`, shift };
}

/** Scale and offset by which degrees become places on paper: all sites with a margin, in the middle. */
function fit(at: readonly { lon: number; lat: number }[]): PathMap['shift'] {
  const [lons, lats] = [at.map((p) => p.lon), at.map((p) => p.lat)];
  const [west, eastmost, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  const wide = Math.max(eastmost - west, LEAST.lon) * (1 + 2 * MARGIN);
  const high = Math.max(north - south, LEAST.lat) * (1 + 2 * MARGIN);
  const scale = Math.min(SIZE.width / wide, SIZE.height / high);
  return { x: SIZE.width / 2 - ((west + eastmost) / 2) * scale, y: SIZE.height / 2 + ((south + north) / 2) * scale, scale };
}

function waysOf(view: PathView, places: readonly Place[]): { ways: Way[]; within: number } {
  const ways = new Map<string, Way>();
  let within = 0;
  for (const hop of view.hops) {
    const [from, to] = [hop.sender, hop.receiver].map((post) => places.find((p) => p.posts.includes(post)));
    if (!from || !to) continue;
    if (from === to) {
      within += 1;
      continue;
    }
    const key = `${places.indexOf(from)}>${places.indexOf(to)}`;
    const known = ways.get(key);
    if (known) {
      known.count += 1;
      known.border ||= hop.border;
    } else ways.set(key, { key, from, to, count: 1, border: hop.border, ...arc(from, to) });
  }
  return { ways: [...ways.values()], within };
}

/** A bow from place to place: there and back are two lines. */
function arc(from: Place, to: Place): { d: string; mid: { x: number; y: number } } {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const bow = { x: (from.x + to.x) / 2 + dy * BEND, y: (from.y + to.y) / 2 - dx * BEND };
  const mid = { x: (from.x + to.x) / 4 + bow.x / 2, y: (from.y + to.y) / 4 + bow.y / 2 };
  return { d: `M${from.x.toFixed(1)} ${from.y.toFixed(1)}Q${bow.x.toFixed(1)} ${bow.y.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`, mid };
}
