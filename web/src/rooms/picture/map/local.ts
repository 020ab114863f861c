/**
 * Local maps: PMTiles archives (version 3) dropped onto the map, vector or raster, read piece by piece from the file
 * where it lies.  Nothing is uploaded, and what the archive says of itself is shown as text only.
 */
import { addProtocol, type LayerSpecification, type SourceSpecification } from 'maplibre-gl';
import { FileSource, PMTiles, Protocol, TileType } from 'pmtiles';

import type { Palette } from './base';
import { FONT } from './base';
import { plain } from './overlays';

/** Layers drawn of one archive: more than any known scheme has, fewer than would stop the browser. */
const MOST_LAYERS = 40;

export type LocalMap = {
  key: string;
  name: string;
  raster: boolean;
  attribution: string;
  bounds: [number, number, number, number];
  source: SourceSpecification;
  vectorLayers: string[];
};

const protocol = new Protocol();
let registered = false;
let opened = 0;

/** Null when the file is no PMTiles archive that can be drawn. */
export async function openArchive(file: File): Promise<LocalMap | null> {
  const key = `local-${++opened}`;
  const inner = new FileSource(file);
  const archive = new PMTiles({ getKey: () => key, getBytes: (offset: number, length: number) => inner.getBytes(offset, length) });
  try {
    const header = await archive.getHeader();
    const metadata = (await archive.getMetadata()) as Record<string, unknown>;
    if (!drawable(header.tileType)) return null;
    if (!registered) addProtocol('pmtiles', protocol.tile);
    registered = true;
    protocol.add(archive);
    const raster = header.tileType !== TileType.Mvt;
    const bounds = boundsOf([header.minLon, header.minLat, header.maxLon, header.maxLat]);
    const common = { tiles: [`pmtiles://${key}/{z}/{x}/{y}`], minzoom: header.minZoom, maxzoom: header.maxZoom, bounds };
    const source: SourceSpecification = raster ? { type: 'raster', tileSize: 256, ...common } : { type: 'vector', ...common };
    const word = (name: string): string => (typeof metadata[name] === 'string' ? plain(metadata[name].replace(/<[^>]*>/g, '')) : '');
    return { key, name: plain(file.name), raster, attribution: word('attribution'), bounds, source, vectorLayers: layersOf(metadata) };
  } catch {
    return null;
  }
}

const drawable = (type: TileType): boolean => [TileType.Mvt, TileType.Png, TileType.Jpeg, TileType.Webp, TileType.Avif].includes(type);

function boundsOf(all: number[]): [number, number, number, number] {
  const [w = -180, s = -85, e = 180, n = 85] = all.map((v) => (Number.isFinite(v) ? v : 0));
  return e > w && n > s ? [Math.max(-180, w), Math.max(-85, s), Math.min(180, e), Math.min(85, n)] : [-180, -85, 180, 85];
}

function layersOf(metadata: Record<string, unknown>): string[] {
  const listed = Array.isArray(metadata.vector_layers) ? (metadata.vector_layers as { id?: unknown }[]) : [];
  return listed.flatMap(({ id }) => (typeof id === 'string' ? [id] : [])).slice(0, MOST_LAYERS);
}

const WATER = /water|ocean|sea|lake|river/i;

/** Quiet on purpose: the local map is ground to work on, not the picture. */
export function localLayers(map: LocalMap, c: Palette): LayerSpecification[] {
  const { key } = map;
  if (map.raster) return [{ id: `${key}-tiles`, type: 'raster', source: key, paint: { 'raster-opacity': 0.9 } }];
  const polygon = ['==', ['geometry-type'], 'Polygon'] as never;
  return map.vectorLayers.flatMap((name, i): LayerSpecification[] => {
    const of = { source: key, 'source-layer': name };
    const water = WATER.test(name);
    return [
      { id: `${key}-${i}-fill`, type: 'fill', ...of, filter: polygon, paint: { 'fill-color': water ? c.sea : c.shore, 'fill-opacity': water ? 0.9 : 0.22 } },
      { id: `${key}-${i}-line`, type: 'line', ...of, filter: ['!=', ['geometry-type'], 'Point'], paint: { 'line-color': c.shore, 'line-width': 1 } },
      { id: `${key}-${i}-dot`, type: 'circle', ...of, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 2.5, 'circle-color': c.muted } },
      {
        id: `${key}-${i}-name`,
        type: 'symbol',
        ...of,
        layout: { 'text-field': ['coalesce', ['get', 'name:ja'], ['get', 'name'], ''], 'text-font': FONT, 'text-size': 11, 'symbol-placement': 'point' },
        paint: { 'text-color': c.muted, 'text-halo-color': c.bg, 'text-halo-width': 1.2 },
      },
    ];
  });
}
