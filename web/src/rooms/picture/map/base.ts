/**
 * The base map: sea, land, shore, graticule and names, from files that the node serves; drawn in the colours of the
 * client's own theme, so that day and night have one source.  No boundaries are drawn: it takes no side in any.
 */
import type { GeoJSONSourceSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';

import type { Lang } from '../../../api/types';
import landUrl from '../../../generated/land.geojson?url';
import { PLACES } from '../places';

/** Drawn by the browser from the client's own font files: the style has no glyphs to fetch. */
export const FONT = ['Noto Sans JP Variable', 'sans-serif'];

export type Palette = Record<'sea' | 'land' | 'shore' | 'line' | 'text' | 'muted' | 'accent' | 'warn' | 'bad' | 'good' | 'bg' | 'panel', string>;

/** As the style sheet has them now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const names = ['sea', 'land', 'shore', 'line', 'text', 'muted', 'accent', 'warn', 'bad', 'good', 'bg', 'panel'] as const;
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** Zoom from which a place is named: it counts in pixels a degree, as the plain map does. */
const zoomFrom = (pixels: number): number => (pixels ? Math.log2((pixels * 360) / 512) : 0);

function places(): GeoJSONSourceSpecification {
  const features = PLACES.map(({ en, ja, lon, lat, from, sea, town }) => ({
    type: 'Feature' as const,
    properties: { en, ja, from: zoomFrom(from), kind: sea ? 'sea' : town ? 'town' : 'land' },
    geometry: { type: 'Point' as const, coordinates: [lon, lat] },
  }));
  return { type: 'geojson', data: { type: 'FeatureCollection', features } };
}

/** Every degree; those that five divides are `main`. */
function graticule(): GeoJSONSourceSpecification {
  const line = (degree: number, coordinates: number[][]) => ({ type: 'Feature' as const, properties: { main: degree % 5 === 0 }, geometry: { type: 'LineString' as const, coordinates } });
  const degrees = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const meridians = degrees(-180, 180).map((x) => line(x, [[x, -80], [x, 84]]));
  const parallels = degrees(-80, 80).map((y) => line(y, [[-180, y], [180, y]]));
  return { type: 'geojson', data: { type: 'FeatureCollection', features: [...meridians, ...parallels] }, maxzoom: 6 };
}

/** Sources are few: MapLibre clips every one to its tiles, and without a graphics card that is half of its painting. */
export function baseStyle(palette: Palette, lang: Lang): StyleSpecification {
  return {
    version: 8,
    sources: {
      // Exact to the pixel at zoom 11; beyond that the hundred metres of the coastline show anyway.
      land: { type: 'geojson', data: landUrl, maxzoom: 11, tolerance: 0.3, buffer: 16 },
      places: places(),
      degrees: graticule(),
    },
    layers: baseLayers(palette, lang),
  };
}

export function baseLayers(c: Palette, lang: Lang): LayerSpecification[] {
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': c.sea } },
    { id: 'degrees1', type: 'line', source: 'degrees', filter: ['!', ['get', 'main']], minzoom: 6, paint: { 'line-color': c.line, 'line-width': 0.5, 'line-opacity': 0.55 } },
    { id: 'degrees5', type: 'line', source: 'degrees', filter: ['get', 'main'], paint: { 'line-color': c.line, 'line-width': 0.7, 'line-opacity': 0.8 } },
    { id: 'land', type: 'fill', source: 'land', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': c.land, 'fill-antialias': false } },
    { id: 'shore', type: 'line', source: 'land', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': c.shore, 'line-width': ['interpolate', ['linear'], ['zoom'], 3, 0.5, 8, 1.1] } },
    {
      id: 'places',
      type: 'symbol',
      source: 'places',
      filter: ['>=', ['zoom'], ['get', 'from']],
      layout: {
        'text-field': ['get', lang],
        'text-font': FONT,
        'text-size': ['match', ['get', 'kind'], 'sea', 12, 'town', 11, 12],
        'text-letter-spacing': ['match', ['get', 'kind'], 'sea', 0.14, 0.02],
        'text-max-width': 12,
        'text-padding': 4,
        'symbol-sort-key': ['get', 'from'],
      },
      paint: {
        'text-color': ['match', ['get', 'kind'], 'sea', c.shore, 'town', c.text, c.muted],
        'text-halo-color': ['match', ['get', 'kind'], 'sea', c.sea, c.bg],
        'text-halo-width': 1.3,
      },
    },
  ];
}
