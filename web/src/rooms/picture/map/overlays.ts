/** What lies over the base map: hazards, areas, the measure and the cursor. */
import type { Feature } from 'geojson';
import type { LayerSpecification } from 'maplibre-gl';

import type { Area, Geometry, Hazard, Lang, RecordView } from '../../../api/types';
import { southOf } from '../../../lib/geo';
import { areaGrade, hazardTitle } from '../../../lib/hazards';
import { FONT, type Palette } from './base';
import { regionsOf } from './regions';
import type { LayerId } from './settings';

/** What comes together and goes together.  All are in MapLibre's one source `SHAPES` (`baseStyle` says why), each with its `part`. */
export type Part = 'hazards' | 'areas' | 'measure' | 'mark';
export const SHAPES = 'shapes';
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

const feature = (geometry: unknown, properties: Record<string, unknown>): Feature => ({ type: 'Feature', geometry: geometry as Feature['geometry'], properties });

type Grade = 'grave' | 'warning' | 'notice' | 'over';
const gradeOf = (severity: string, over: boolean): Grade =>
  over ? 'over' : severity === 'severe' || severity === 'extreme' ? 'grave' : severity === 'minor' || severity === 'unknown' ? 'notice' : 'warning';

/**
 * A tsunami's regions each with the grade in force there; anything else as the one shape it has.  A name is a point
 * of its own, below its region: in the middle symbols stand, and what they are called stands under them.
 */
export function hazardFeatures(hazards: readonly RecordView<Hazard>[], selected: string, lang: Lang): Feature[] {
  const drawn = hazards.filter(({ record: h }) => h.geometry && (h.status !== 'cancelled' || h.id === selected));
  return drawn.flatMap(({ record: h }) => {
    const over = h.status === 'cancelled';
    const one = (geometry: Geometry, name: string, severity: string): Feature[] => {
      const shown = { id: h.id, grade: gradeOf(severity, over), selected: h.id === selected };
      return [feature(geometry, shown), feature({ type: 'Point', coordinates: southOf(geometry) }, { ...shown, name: plain(name) })];
    };
    const known = regionsOf(h).reverse(); // the gravest is drawn last, over the others
    if (!known.length) return one(h.geometry as Geometry, hazardTitle(h, lang), h.severity);
    return known.flatMap(({ area, shape }) => one(shape, areaGrade(area, lang), area.severity ?? 'unknown'));
  });
}

export function areaFeatures(areas: readonly RecordView<Area>[], selected: string, nameOf: (a: Area) => string): Feature[] {
  return areas.map(({ record: a }) => feature(a.geometry, { id: a.id, name: plain(nameOf(a)), selected: a.id === selected }));
}

export function overlayLayers(c: Palette): LayerSpecification[] {
  const halo = { 'text-halo-color': c.bg, 'text-halo-width': 1.4 };
  const bad = ['match', ['get', 'grade'], 'over', c.muted, 'grave', c.bad, 'warning', c.warn, c.accent] as never;
  /** Close up a region fills the screen, and what lies in it matters more. */
  const wash = (near: number, far: number): never => ['interpolate', ['linear'], ['zoom'], 5, ['case', ['get', 'selected'], far, far / 2], 9, near] as never;
  const only = (part: Part, shape: 'Polygon' | 'LineString' | 'Point' | '') =>
    ({ source: SHAPES, filter: ['all', ['==', ['get', 'part'], part], ...(shape ? [['==', ['geometry-type'], shape]] : [])] as never });
  const small = { 'text-font': FONT, 'text-size': 11, 'text-max-width': 11 };
  const weight = ['case', ['get', 'selected'], 2.6, 1.3] as never;
  return [
    { id: 'area-fill', type: 'fill', ...only('areas', 'Polygon'), paint: { 'fill-color': c.accent, 'fill-opacity': wash(0.06, 0.16) } },
    { id: 'area-line', type: 'line', ...only('areas', ''), paint: { 'line-color': c.accent, 'line-width': weight, 'line-dasharray': [4, 3] } },
    { id: 'area-name', type: 'symbol', ...only('areas', ''), layout: { ...small, 'text-field': ['get', 'name'] }, paint: { 'text-color': c.accent, ...halo } },
    { id: 'hazard-fill', type: 'fill', ...only('hazards', 'Polygon'), paint: { 'fill-color': bad, 'fill-opacity': wash(0.06, 0.24) } },
    { id: 'hazard-line', type: 'line', source: SHAPES, filter: ['all', ['==', ['get', 'part'], 'hazards'], ['!=', ['geometry-type'], 'Point']], paint: { 'line-color': bad, 'line-width': weight } },
    { id: 'hazard-point', type: 'circle', source: SHAPES, filter: ['all', ['==', ['get', 'part'], 'hazards'], ['==', ['geometry-type'], 'Point'], ['!', ['has', 'name']]], paint: { 'circle-radius': 7, 'circle-color': 'transparent', 'circle-stroke-color': bad, 'circle-stroke-width': 2 } },
    { id: 'hazard-name', type: 'symbol', source: SHAPES, filter: ['all', ['==', ['get', 'part'], 'hazards'], ['has', 'name']], layout: { ...small, 'text-field': ['get', 'name'], 'text-offset': [0, 1.6], 'text-anchor': 'top' }, paint: { 'text-color': bad, ...halo } },
    { id: 'measure-line', type: 'line', ...only('measure', 'LineString'), paint: { 'line-color': c.accent, 'line-width': 2, 'line-dasharray': [2, 1.5] } },
    { id: 'measure-end', type: 'circle', ...only('measure', 'Point'), paint: { 'circle-radius': 4, 'circle-color': c.bg, 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 } },
    { id: 'measure-text', type: 'symbol', ...only('measure', ''), layout: { ...small, 'text-field': ['get', 'text'], 'text-offset': [0, 0.9], 'text-anchor': 'top', 'text-allow-overlap': true }, paint: { 'text-color': c.accent, ...halo } },
    { id: 'mark', type: 'circle', ...only('mark', ''), paint: { 'circle-radius': 11, 'circle-color': 'transparent', 'circle-stroke-color': c.accent, 'circle-stroke-width': 2 } },
    { id: 'mark-dot', type: 'circle', ...only('mark', ''), paint: { 'circle-radius': 2, 'circle-color': c.accent } },
  ];
}
