/**
 * The map itself: MapLibre with its base, the overlays and the symbols, behind a few verbs.  Knows records only as
 * `MapPoint`s and features; who asks for data and what is selected is the component's.
 *
 * Work follows what is seen: points change at most ten times a second (`Movers`), clusters follow the points, and the
 * texts beside them, which are the dear part, at most twice a second.
 */
import type { Feature } from 'geojson';
import { type GeoJSONSource, Map as MapLibre, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

import type { Lang } from '../../../api/types';
import type { Box } from '../../../lib/geo';
import type { LonLat } from '../../../lib/utm';
import { baseLayers, baseStyle, type Palette, paletteOf } from './base';
import { CELL_PX, type Cluster, cluster, TILE_PX } from './cluster';
import { localLayers, type LocalMap } from './local';
import { clusterFeatures, labelFeatures, overlayLayers, PARTS, SOURCES, type SourceId } from './overlays';
import { type MapPoint, mercatorX, mercatorY, SYMBOL_LAYERS, type SymbolLayer as SymbolLayerId } from './points';
import type { LayerState, View } from './settings';
import { type Look, Sprites } from './sprites';
import { SymbolLayer } from './symbol-layer';

const TEXT_MS = 500;
/** Names beside symbols: more would cover what they name. */
const MOST_NAMES = 250;
const NAMES_FROM_ZOOM = 6;
const LEADERS_FROM_ZOOM = 6;
const REACH_PX = CELL_PX / 2;
const MIN_ZOOM = 2;
const MAX_ZOOM = 18;

/** What a click or a search of the keyboard came upon. */
export type Found = { point?: MapPoint; members?: MapPoint[]; area?: string };
export type Events = {
  moved: (view: View, bounds: Box) => void;
  cursor: (at: LonLat | null) => void;
  picked: (at: LonLat, found: Found) => void;
  shown: (points: MapPoint[], clusters: Cluster[]) => void;
};
export type Words = { lang: Lang; sides: Record<'jp' | 'us' | 'other', string>; age: (p: MapPoint) => string };

export class Scene {
  readonly map: MapLibre;
  #sprites: Sprites;
  #symbols: Record<SymbolLayerId, SymbolLayer>;
  #points = Object.fromEntries(SYMBOL_LAYERS.map((id) => [id, []])) as unknown as Record<SymbolLayerId, Iterable<MapPoint>>;
  #layers: LayerState[] = [];
  #locals: LocalMap[] = [];
  #data = new globalThis.Map<SourceId, Feature[]>();
  #cluster = true;
  #selected = '';
  #singles: MapPoint[] = [];
  #clusters: Cluster[] = [];
  #textTimer: ReturnType<typeof setTimeout> | undefined;
  #textAt = -Infinity;
  #step = NaN;
  #palette: Palette;
  #ready = false;

  /** Throws where there is no WebGL 2. */
  constructor(
    private readonly box: HTMLElement,
    view: View,
    private words: Words,
    private readonly on: Events,
  ) {
    setWorkerUrl(new URL(workerUrl, location.href).href);
    this.#palette = paletteOf(box);
    this.#sprites = new Sprites(lookOf(this.#palette, box));
    this.#symbols = Object.fromEntries(SYMBOL_LAYERS.map((id) => [id, new SymbolLayer(id, this.#sprites)])) as Record<SymbolLayerId, SymbolLayer>;
    this.map = new MapLibre({
      container: box,
      style: baseStyle(this.#palette, words.lang),
      center: [view.lon, view.lat],
      zoom: view.zoom,
      minZoom: MIN_ZOOM,
      maxZoom: MAX_ZOOM,
      attributionControl: false,
      renderWorldCopies: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      rollEnabled: false,
      fadeDuration: 0,
      localIdeographFontFamily: '"Noto Sans JP Variable", sans-serif',
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('style.load', () => this.#fill());
    this.map.on('moveend', () => this.#moved());
    this.map.on('zoom', () => this.#zoomed());
    this.map.on('mousemove', (e) => this.on.cursor({ lon: e.lngLat.lng, lat: e.lngLat.lat }));
    this.map.on('mouseout', () => this.on.cursor(null));
    // Whoever waits for the whole picture (a test, a screenshot) can see when it is there.
    for (const [event, idle] of [['idle', 'true'], ['movestart', 'false'], ['dataloading', 'false']] as const) this.map.on(event, () => (box.dataset.idle = idle));
    this.map.on('click', (e) => this.#picked(e));
  }

  close(): void {
    clearTimeout(this.#textTimer);
    this.map.remove();
  }

  // What to show

  /** A map by id is read anew at every drawing. */
  points(layer: SymbolLayerId, points: MapPoint[] | ReadonlyMap<string, MapPoint>): void {
    this.#points[layer] = Array.isArray(points) ? points : { [Symbol.iterator]: () => points.values() };
    this.#draw();
  }

  features(source: SourceId, features: Feature[]): void {
    this.#data.set(source, features);
    if (this.#ready) this.#source(source)?.setData({ type: 'FeatureCollection', features });
  }

  select(id: string): void {
    this.#selected = id;
    this.#draw();
  }

  arrange(layers: LayerState[], clustered: boolean): void {
    [this.#layers, this.#cluster] = [layers, clustered];
    if (this.#ready) this.#order();
    this.#draw();
  }

  /** Another language, or other words for ages. */
  say(words: Words): void {
    this.words = words;
    this.#restyle();
  }

  /** Day or night: the colours as the style sheet has them now. */
  recolour(): void {
    this.#palette = paletteOf(this.box);
    this.#sprites.relook(lookOf(this.#palette, this.box));
    this.#restyle();
    for (const local of this.#locals) for (const layer of localLayers(local, this.#palette)) this.#paint(layer.id, layer.paint);
  }

  local(map: LocalMap): void {
    this.#locals.push(map);
    this.map.addSource(map.key, map.source);
    for (const layer of localLayers(map, this.#palette)) this.map.addLayer(layer, this.#bottom());
    this.fit({ west: map.bounds[0], south: map.bounds[1], east: map.bounds[2], north: map.bounds[3] });
  }

  dropLocal(key: string): void {
    for (const layer of this.map.getLayersOrder()) if (layer.startsWith(`${key}-`)) this.map.removeLayer(layer);
    if (this.map.getSource(key)) this.map.removeSource(key);
    this.#locals = this.#locals.filter((m) => m.key !== key);
  }

  // Where to look

  fit({ west, south, east, north }: Box): void {
    this.map.fitBounds([[west, south], [east, north]], { padding: 40, maxZoom: 13, duration: 400 });
  }

  goTo({ lon, lat }: LonLat, zoom?: number): void {
    this.map.easeTo({ center: [lon, lat], zoom: zoom ?? this.map.getZoom(), duration: 400 });
  }

  get centre(): LonLat {
    const { lng, lat } = this.map.getCenter();
    return { lon: lng, lat };
  }

  // How it is done

  #source(id: string): GeoJSONSource | undefined {
    return this.map.getSource(id);
  }

  #fill(): void {
    for (const id of SOURCES) {
      this.map.addSource(id, { type: 'geojson', data: { type: 'FeatureCollection', features: this.#data.get(id) ?? [] } });
    }
    for (const layer of overlayLayers(this.#palette)) this.map.addLayer(layer);
    for (const layer of Object.values(this.#symbols)) this.map.addLayer(layer, 'cluster-disc');
    this.#ready = true;
    this.#order();
    this.#moved();
    this.#draw();
  }

  /** The lowest of what a person arranges: local maps go below it. */
  #bottom(): string {
    const first = this.#layers[0]?.id ?? 'places';
    return PARTS[first][0] ?? 'places';
  }

  #order(): void {
    for (const { id, shown } of this.#layers) {
      for (const part of PARTS[id]) {
        this.map.moveLayer(part, 'cluster-disc');
        this.map.setLayoutProperty(part, 'visibility', shown ? 'visible' : 'none');
      }
    }
  }

  #restyle(): void {
    if (!this.#ready) return;
    for (const layer of [...baseLayers(this.#palette, this.words.lang), ...overlayLayers(this.#palette)]) {
      this.#paint(layer.id, layer.paint);
      if (layer.id === 'places') this.map.setLayoutProperty('places', 'text-field', ['get', this.words.lang]);
    }
    this.#draw();
    this.#text();
  }

  #paint(id: string, paint: object | undefined): void {
    for (const [name, value] of Object.entries(paint ?? {})) this.map.setPaintProperty(id, name as never, value as never);
  }

  #shownLayers(): SymbolLayerId[] {
    return SYMBOL_LAYERS.filter((id) => this.#layers.find((l) => l.id === id)?.shown ?? true);
  }

  #draw(): void {
    const visible = this.#shownLayers();
    const all = function* (points: Record<SymbolLayerId, Iterable<MapPoint>>): Iterable<MapPoint> {
      for (const id of visible) yield* points[id];
    };
    this.#step = stepOf(this.map.getZoom());
    const found = this.#cluster ? cluster(all(this.#points), this.#step) : { singles: [...all(this.#points)], clusters: [] };
    [this.#singles, this.#clusters] = [found.singles, found.clusters];
    const leaders = this.map.getZoom() >= LEADERS_FROM_ZOOM;
    const parts = Object.fromEntries(SYMBOL_LAYERS.map((id) => [id, [] as MapPoint[]])) as Record<SymbolLayerId, MapPoint[]>;
    for (const p of this.#singles) parts[p.layer].push(p);
    for (const id of SYMBOL_LAYERS) this.#symbols[id].set(parts[id], this.#selected, leaders);
    this.#textSoon();
  }

  #zoomed(): void {
    if (stepOf(this.map.getZoom()) !== this.#step) this.#draw();
  }

  #moved(): void {
    const bounds = this.map.getBounds();
    const view = { ...this.centre, zoom: this.map.getZoom() };
    this.on.moved(view, { west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth() });
    this.#textSoon();
  }

  #textSoon(): void {
    if (this.#textTimer !== undefined || !this.#ready) return;
    const wait = Math.max(0, this.#textAt + TEXT_MS - performance.now());
    this.#textTimer = setTimeout(() => this.#text(), wait);
  }

  #text(): void {
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
    this.#textAt = performance.now();
    const seen = this.#inView(this.#singles);
    const named = this.map.getZoom() >= NAMES_FROM_ZOOM ? seen.slice(0, MOST_NAMES) : seen.filter((p) => p.id === this.#selected);
    const clusters = this.#inView(this.#clusters);
    this.features('clusters', clusterFeatures(clusters, this.words.sides));
    this.features('labels', labelFeatures(named, this.words.lang, this.words.age));
    this.on.shown(seen, clusters);
  }

  #inView<P extends { x: number; y: number }>(points: readonly P[]): P[] {
    const b = this.map.getBounds();
    const [w, e, n, s] = [mercatorX(b.getWest()), mercatorX(b.getEast()), mercatorY(b.getNorth()), mercatorY(b.getSouth())];
    return points.filter((p) => p.x >= w && p.x <= e && p.y >= n && p.y <= s);
  }

  #picked(event: MapMouseEvent): void {
    const at = { lon: event.lngLat.lng, lat: event.lngLat.lat };
    this.on.picked(at, this.find(at, [event.point.x, event.point.y]));
  }

  /** The uppermost unlocked symbol, cluster or shape there. */
  find(at: LonLat, [px, py]: [number, number]): Found {
    const locked = new Set<string>(this.#layers.filter((l) => l.locked || !l.shown).map((l) => l.id));
    const reach = REACH_PX / (TILE_PX * 2 ** this.map.getZoom());
    const [x, y] = [mercatorX(at.lon), mercatorY(at.lat)];
    const nearest = <P extends { x: number; y: number }>(all: readonly P[]): P | undefined =>
      all.reduce<{ p?: P; d: number }>((best, p) => (Math.hypot(p.x - x, p.y - y) < best.d ? { p, d: Math.hypot(p.x - x, p.y - y) } : best), { d: reach }).p;
    const near = nearest(this.#clusters);
    if (near) return { members: near.members.filter((p) => !locked.has(p.layer)) };
    const point = nearest(this.#singles.filter((p) => !locked.has(p.layer)));
    if (point) return { point };
    const parts = [...(locked.has('hazards') ? [] : ['hazard-fill', 'hazard-point']), ...(locked.has('areas') ? [] : ['area-fill', 'area-line'])];
    const [shape] = this.#ready && parts.length ? this.map.queryRenderedFeatures([px, py], { layers: parts }) : [];
    return shape ? { area: String(shape.properties.id) } : {};
  }
}

/** Clusters hold still within half a zoom level. */
const stepOf = (zoom: number): number => Math.round(zoom * 2) / 2;

function lookOf(c: Palette, box: HTMLElement): Look {
  return { ink: c.text, halo: c.bg, warn: c.warn, accent: c.accent, dark: getComputedStyle(box).colorScheme !== 'light' };
}
