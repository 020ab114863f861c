/** What lies over the base map: hazards, areas, counts of clusters, names of symbols, the measure and the cursor. */
import type { Feature, Geometry } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';

import type { Area, Hazard, Lang, RecordView } from '../../../api/types';
import regions from '../../../generated/regions.json';
import { areaGrade, byGravity, hazardTitle } from '../../../lib/hazards';
import { FONT, type Palette } from './base';
import type { Cluster } from './cluster';
import { sideTotal } from './cluster';
import type { MapPoint } from './points';
import { SIDES } from './points';
import type { LayerId } from './settings';

export const SOURCES = ['hazards', 'areas', 'clusters', 'labels', 'measure', 'mark'] as const;
export type SourceId = (typeof SOURCES)[number];
/** The MapLibre layers of each layer a person can arrange. */
export const PARTS: Record<LayerId, readonly string[]> = {
  places: ['places'],
  areas: ['area-fill', 'area-line', 'area-name'],
  hazards: ['hazard-fill', 'hazard-line', 'hazard-point', 'hazard-name'],
  sites: ['sites'],
  units: ['units'],
  incidents: ['incidents'],
  positions: ['positions'],
};
/** Longest text drawn beside a symbol; the whole of it is in the list and in the record. */
const LONGEST = 40;

/** Nothing that turns the direction of writing or has no shape: a canvas draws what it is given. */
export function plain(text: string): string {
  const clean = text.slice(0, LONGEST * 8).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ').trim();
  const letters = [...clean];
  return letters.length > LONGEST ? letters.slice(0, LONGEST - 1).join('') + '…' : clean;
}

const feature = (geometry: unknown, properties: Record<string, unknown>): Feature => ({ type: 'Feature', geometry: geometry as Geometry, properties });
const pointAt = (lon: number, lat: number) => ({ type: 'Point', coordinates: [lon, lat] });

/** By the code that reports use. */
const REGIONS = new Map(regions.features.map((f) => [f.id, f.geometry]));

type Grade = 'grave' | 'warning' | 'notice' | 'over';
const gradeOf = (severity: string, over: boolean): Grade =>
  over ? 'over' : severity === 'severe' || severity === 'extreme' ? 'grave' : severity === 'minor' || severity === 'unknown' ? 'notice' : 'warning';

/** A tsunami's regions each with the grade in force there; anything else as the one shape it has. */
export function hazardFeatures(hazards: readonly RecordView<Hazard>[], selected: string, lang: Lang): Feature[] {
  const drawn = hazards.filter(({ record: h }) => h.geometry && (h.status !== 'cancelled' || h.id === selected));
  return drawn.flatMap(({ record: h }) => {
    const over = h.status === 'cancelled';
    const one = (geometry: unknown, name: string, severity: string): Feature =>
      feature(geometry, { id: h.id, name: plain(name), grade: gradeOf(severity, over), selected: h.id === selected });
    const known = h.type === 'tsunami' ? byGravity(h.areas ?? []).filter((a) => REGIONS.has(a.code)).reverse() : [];
    if (!known.length) return [one(h.geometry, hazardTitle(h, lang), h.severity)];
    return known.map((a) => one(REGIONS.get(a.code), areaGrade(a, lang), a.severity ?? 'unknown'));
  });
}

export function areaFeatures(areas: readonly RecordView<Area>[], selected: string, nameOf: (a: Area) => string): Feature[] {
  return areas.map(({ record: a }) => feature(a.geometry, { id: a.id, name: plain(nameOf(a)), selected: a.id === selected }));
}

const latOf = (y: number): number => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;

export function clusterFeatures(clusters: readonly Cluster[], letters: Record<(typeof SIDES)[number], string>): Feature[] {
  return clusters.map((c) => {
    const sides = SIDES.flatMap((side) => (sideTotal(c.counts, side) ? [`${letters[side]} ${sideTotal(c.counts, side)}`] : []));
    return feature(pointAt(c.x * 360 - 180, latOf(c.y)), { key: c.key, count: c.count, text: String(c.count), sides: sides.join(' · '), stale: c.stale > 0 });
  });
}

export function labelFeatures(points: readonly MapPoint[], lang: Lang, age: (p: MapPoint) => string): Feature[] {
  return points.map((p) => feature(pointAt(p.lon, p.lat), { text: [plain(p.names[lang]), p.stale ? age(p) : ''].filter(Boolean).join(' · '), stale: p.stale }));
}

export function overlayLayers(c: Palette): LayerSpecification[] {
  const halo = { 'text-halo-color': c.bg, 'text-halo-width': 1.4 };
  const bad = ['match', ['get', 'grade'], 'over', c.muted, 'grave', c.bad, 'warning', c.warn, c.accent] as never;
  /** Close up a region fills the screen, and what lies in it matters more. */
  const wash = (near: number, far: number): never => ['interpolate', ['linear'], ['zoom'], 5, ['case', ['get', 'selected'], far, far / 2], 9, near] as never;
  const polygon = ['==', ['geometry-type'], 'Polygon'] as never;
  const small = { 'text-font': FONT, 'text-size': 11, 'text-max-width': 11 };
  const weight = ['case', ['get', 'selected'], 2.6, 1.3] as never;
  return [
    { id: 'area-fill', type: 'fill', source: 'areas', filter: polygon, paint: { 'fill-color': c.accent, 'fill-opacity': wash(0.06, 0.16) } },
    { id: 'area-line', type: 'line', source: 'areas', paint: { 'line-color': c.accent, 'line-width': weight, 'line-dasharray': [4, 3] } },
    { id: 'area-name', type: 'symbol', source: 'areas', layout: { ...small, 'text-field': ['get', 'name'] }, paint: { 'text-color': c.accent, ...halo } },
    { id: 'hazard-fill', type: 'fill', source: 'hazards', filter: polygon, paint: { 'fill-color': bad, 'fill-opacity': wash(0.06, 0.24) } },
    { id: 'hazard-line', type: 'line', source: 'hazards', filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': bad, 'line-width': weight } },
    { id: 'hazard-point', type: 'circle', source: 'hazards', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 7, 'circle-color': 'transparent', 'circle-stroke-color': bad, 'circle-stroke-width': 2 } },
    { id: 'hazard-name', type: 'symbol', source: 'hazards', layout: { ...small, 'text-field': ['get', 'name'], 'text-offset': [0, 1.6], 'text-anchor': 'top' }, paint: { 'text-color': bad, ...halo } },
    { id: 'cluster-disc', type: 'circle', source: 'clusters', paint: { 'circle-radius': ['interpolate', ['linear'], ['ln', ['get', 'count']], 0.7, 12, 9, 24], 'circle-color': c.panel, 'circle-opacity': 0.92, 'circle-stroke-color': ['case', ['get', 'stale'], c.warn, c.accent], 'circle-stroke-width': 1.4 } },
    { id: 'cluster-count', type: 'symbol', source: 'clusters', layout: { 'text-font': FONT, 'text-size': 12, 'text-field': ['get', 'text'], 'text-allow-overlap': true, 'text-ignore-placement': true }, paint: { 'text-color': c.text } },
    { id: 'cluster-sides', type: 'symbol', source: 'clusters', layout: { 'text-font': FONT, 'text-size': 9.5, 'text-field': ['get', 'sides'], 'text-offset': [0, 1.7], 'text-anchor': 'top', 'text-optional': true }, paint: { 'text-color': c.text, ...halo } },
    { id: 'label', type: 'symbol', source: 'labels', layout: { ...small, 'text-field': ['get', 'text'], 'text-variable-anchor': ['left', 'right'], 'text-radial-offset': 1.6, 'text-justify': 'auto' }, paint: { 'text-color': ['case', ['get', 'stale'], c.warn, c.text], ...halo } },
    { id: 'measure-line', type: 'line', source: 'measure', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': c.accent, 'line-width': 2, 'line-dasharray': [2, 1.5] } },
    { id: 'measure-end', type: 'circle', source: 'measure', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 4, 'circle-color': c.bg, 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 } },
    { id: 'measure-text', type: 'symbol', source: 'measure', layout: { ...small, 'text-field': ['get', 'text'], 'text-offset': [0, 0.9], 'text-anchor': 'top', 'text-allow-overlap': true }, paint: { 'text-color': c.accent, ...halo } },
    { id: 'mark', type: 'circle', source: 'mark', paint: { 'circle-radius': 11, 'circle-color': 'transparent', 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 } },
    { id: 'mark-dot', type: 'circle', source: 'mark', paint: { 'circle-radius': 2, 'circle-color': c.accent } },
  ];
}
