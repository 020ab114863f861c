/**
 * What is on the map as a symbol: sites, units and headquarters at their sites, incidents at their hazards, and
 * own-reported positions.  One flat shape for all, whatever record it came from.  Pure.
 */
import type { Hazard, Headquarters, Incident, Lang, Position, RecordView, Site, Unit } from '../../../api/types';
import { centreOf } from '../../../lib/geo';
import { regionsOf } from './regions';
import { sidcOf } from './sidc';

export const SYMBOL_LAYERS = ['sites', 'units', 'incidents', 'positions'] as const;
export type SymbolLayer = (typeof SYMBOL_LAYERS)[number];
export const SIDES = ['jp', 'us', 'other'] as const;
export type Side = (typeof SIDES)[number];

/**
 * `x`, `y`: web Mercator, 0 to 1 from the north-western corner.  `course` in degrees true.  `said`: when it was
 * last said, in milliseconds; `stale`: too long ago to be relied on.
 */
export type MapPoint = {
  id: string;
  layer: SymbolLayer;
  side: Side;
  sidc: string;
  lon: number;
  lat: number;
  x: number;
  y: number;
  names: Record<Lang, string>;
  course: number | null;
  said: number;
  stale: boolean;
  view: RecordView;
};

export const mercatorX = (lon: number): number => (lon + 180) / 360;
export function mercatorY(lat: number): number {
  const sin = Math.sin((Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** From when on a position, and anything else, is shown as old: `FRESH_FOR` and `DEFAULT_AGES` of the room's rules. */
const POSITION_OLD_MS = 3_600_000;
const OLD_MS = 30 * 24 * 3_600_000;

type Said = Pick<MapPoint, 'layer' | 'side' | 'sidc' | 'names'> & { course?: number | null };

function point(view: RecordView, coordinates: readonly number[], said: Said): MapPoint {
  const [lon = 0, lat = 0] = coordinates;
  const { id } = view.record;
  return { course: null, ...said, id, lon, lat, x: mercatorX(lon), y: mercatorY(lat), said: Date.parse(view.at), stale: view.freshness.ageSeconds * 1000 > OLD_MS, view };
}

export const sideOf = (nation: string): Side => (nation === 'US' ? 'us' : nation === 'JP' || nation === 'Japan' ? 'jp' : 'other');
/** The side of a headquarters' id, `jp.jjoc`. */
export const sideOfOwner = (id: string): Side => sideOf(id.slice(0, 2).toUpperCase());
const named = (names: { en?: string; ja?: string }, code = ''): Record<Lang, string> => ({
  en: names.en || names.ja || code,
  ja: names.ja || names.en || code,
});

export function sitePoints(sites: readonly RecordView<Site>[]): MapPoint[] {
  return sites.map((view) => {
    const { geometry, nation, names, code } = view.record;
    return point(view, geometry.coordinates, { layer: 'sites', side: sideOf(nation), sidc: sidcOf.site(view.record), names: named(names, code) });
  });
}

/** Units stand at their sites; those whose site is not known to this reader are left out. */
export function unitPoints(units: readonly RecordView<Unit>[], headquarters: readonly RecordView<Headquarters>[], sites: readonly RecordView<Site>[]): MapPoint[] {
  const at = new Map(sites.map((s) => [s.record.code, s.record.geometry.coordinates]));
  const byCode = new Map(units.map((u) => [u.record.code, u.record]));
  const running = new Set(headquarters.map((h) => h.record.unit_code ?? ''));
  const place = (view: RecordView<Unit | Headquarters>, unit: Unit | undefined, node: boolean): MapPoint[] => {
    const coordinates = unit && at.get(unit.site_code ?? '');
    if (!unit || !coordinates) return [];
    return [point(view, coordinates, { layer: 'units', side: sideOf(unit.nation), sidc: sidcOf.unit(unit, node), names: named(view.record.names, unit.code) })];
  };
  return [
    ...headquarters.flatMap((h) => place(h, byCode.get(h.record.unit_code ?? ''), true)),
    ...units.flatMap((u) => (running.has(u.record.code) ? [] : place(u, u.record, false))),
  ];
}

/** An open incident stands where its first hazard with a shape is gravest; without one it is not on the map. */
export function incidentPoints(incidents: readonly RecordView<Incident>[], hazards: readonly RecordView<Hazard>[]): MapPoint[] {
  const known = new Map(hazards.map((h) => [h.record.id, h.record]));
  return incidents.flatMap((view) => {
    const { record } = view;
    const hazard = (record.hazards ?? []).map((id) => known.get(id)).find((h) => h?.geometry);
    if (record.status === 'closed' || !hazard?.geometry) return [];
    const text = (lang: Lang): string =>
      (record.title?.lang === lang ? record.title.text : record.title?.translations?.find((t) => t.lang === lang)?.text) ?? record.title?.text ?? '';
    const names = { en: text('en'), ja: text('ja') };
    const [gravest] = regionsOf(hazard);
    return [point(view, centreOf(gravest?.shape ?? hazard.geometry), { layer: 'incidents', side: sideOfOwner(record.id), sidc: sidcOf.incident(hazard), names })];
  });
}

export function positionPoint(view: RecordView<Position>, now: number, unit?: Unit): MapPoint {
  const { record } = view;
  const names = named({ en: record.name, ja: record.name_ja }, unit?.code);
  const side = unit ? sideOf(unit.nation) : sideOfOwner(record.id);
  const made = point(view, record.geometry.coordinates, { layer: 'positions', side, sidc: sidcOf.position(unit), names, course: record.course ?? null });
  made.said = Date.parse(record.observed_at);
  made.stale = now - made.said > POSITION_OLD_MS;
  return made;
}
