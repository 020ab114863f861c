/**
 * The map itself: MapLibre with its base and the shapes, and over it the symbols (`Overlay`), behind a few verbs.  Knows
 * records only as `MapPoint`s and features; who asks for data and what is selected is the component's.
 *
 * Work follows what is seen: points change at most ten times a second (`Movers`), clusters follow the points, and what is
 * said of them in words at most twice a second.  MapLibre paints when the camera or the shapes change, never for a symbol;
 * only symbols that a person has put below a shape are MapLibre's to paint (`SymbolLayer`).
 */
import type { Feature, FeatureCollection } from 'geojson';
import { type GeoJSONSource, Map as MapLibre, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

import type { Lang } from '../../../api/types';
import type { Box } from '../../../lib/geo';
import type { LonLat } from '../../../lib/utm';
import { baseLayers, baseStyle, type Palette, paletteOf } from './base';
import type { Camera } from './camera';
import { CELL_PX, type Cluster, clusterOf, type Found as Lying, TILE_PX } from './cluster';
import type { Frame } from './drawing';
import type { Ink } from './lettering';
import { localLayers, type LocalMap } from './local';
import { Overlay } from './overlay';
import { overlayLayers, type Part, PARTS, plain, SHAPES } from './overlays';
import { Painting } from './painting';
import { type MapPoint, mercatorX, mercatorY, SIDES, SYMBOL_LAYERS, type SymbolLayer as SymbolLayerId } from './points';
import { Roster } from './roster';
import type { LayerId, LayerState, View } from './settings';
import { type Look, Sprites } from './sprites';
import { SymbolLayer } from './symbol-layer';

const TEXT_MS = 500;
const CURSOR_MS = 150;
/** Names beside symbols: more would cover what they name. */
const MOST_NAMES = 250;
const NAMES_FROM_ZOOM = 6;
const LEADERS_FROM_ZOOM = 6;
const REACH_PX = CELL_PX / 2;
/** MapLibre's lowest layer of those that nobody arranges. */
const OVER_ALL = 'measure-line';
const MIN_ZOOM = 2;
const MAX_ZOOM = 18;

/** What a click or a search of the keyboard came upon. */
export type Found = { point?: MapPoint; members?: MapPoint[]; area?: string };
export type Events = {
  moved: (view: View, bounds: Box) => void;
  cursor: (at: LonLat | null) => void;
  picked: (at: LonLat, found: Found) => void;
  shown: (points: MapPoint[], clusters: Cluster[]) => void;
  /** Symbols cannot be drawn in this browser. */
  failed: () => void;
};
export type Words = { lang: Lang; sides: Record<'jp' | 'us' | 'other', string>; age: (p: MapPoint) => string };

export class Scene {
  readonly map: MapLibre;
  #sprites: Sprites;
  #symbols: Record<SymbolLayerId, SymbolLayer>;
  #roster = new Roster();
  #overlay: Overlay;
  #painting: Painting;
  #layers: LayerState[] = [];
  #locals: LocalMap[] = [];
  #data = new globalThis.Map<Part, Feature[]>();
  #cluster = true;
  #selected = '';
  #lying: Lying | null = null;
  #textTimer: ReturnType<typeof setTimeout> | undefined;
  #textAt = -Infinity;
  #cursorTimer: ReturnType<typeof setTimeout> | undefined;
  #cursorAt: LonLat | null = null;
  #named = '';
  #palette: Palette;
  #ready = false;
  /** Whether the map, and the symbols over it, are as they are to be. */
  #idle = { map: false, symbols: false };

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
    this.#painting = new Painting(this.map, () => this.#camera(), (camera) => this.#overlay.moved(camera));
    this.#overlay = new Overlay(this.#roster, this.#sprites, {
      frame: () => this.#frame(),
      found: (lying) => this.#found(lying),
      still: (still) => this.#settled('symbols', still),
      failed: () => this.on.failed(),
    });
    this.#overlay.tell(this.#inks());
    this.map.getCanvasContainer().append(this.#overlay.canvas);
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('style.load', () => this.#fill());
    this.map.on('moveend', () => this.#moved());
    this.map.on('resize', () => this.#overlay.wake());
    this.map.on('mousemove', (e) => this.#cursor({ lon: e.lngLat.lng, lat: e.lngLat.lat }));
    this.map.on('mouseout', () => this.#cursor(null));
    for (const [event, idle] of [['idle', true], ['movestart', false], ['dataloading', false]] as const) this.map.on(event, () => this.#settled('map', idle && !this.#painting.coarse));
    this.map.on('click', (e) => this.#picked(e));
  }

  close(): void {
    clearTimeout(this.#textTimer);
    clearTimeout(this.#cursorTimer);
    this.#overlay.close();
    this.#painting.close();
    this.map.remove();
  }

  // What to show

  /** All there is of a layer. */
  points(layer: SymbolLayerId, points: readonly MapPoint[]): void {
    this.#roster.replace(layer, points);
    this.#overlay.wake();
  }

  /** New places by id; null is what has gone. */
  changed(changes: ReadonlyMap<string, MapPoint | null>): void {
    for (const [id, point] of changes) {
      if (point) this.#roster.put(point);
      else this.#roster.drop(id);
    }
    this.#overlay.wake();
  }

  features(part: Part, features: Feature[]): void {
    this.#data.set(part, features.map((f) => ({ ...f, properties: { ...f.properties, part } })));
    if (this.#ready) this.map.getSource<GeoJSONSource>(SHAPES)?.setData(this.#shapes());
  }

  select(id: string): void {
    this.#selected = id;
    this.#below();
    this.#textSoon();
    this.#overlay.wake();
  }

  arrange(layers: LayerState[], clustered: boolean): void {
    [this.#layers, this.#cluster] = [layers, clustered];
    if (this.#ready) this.#order();
    this.#below();
    this.#overlay.wake();
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
    this.#roster.again();
    this.#below();
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

  #camera(): Camera {
    const { lng, lat } = this.map.getCenter();
    return { x: mercatorX(lng), y: mercatorY(lat), zoom: this.map.getZoom() };
  }

  #frame(): Omit<Frame, 'ring'> {
    const { clientWidth: width, clientHeight: height } = this.box;
    const camera = this.#camera();
    return {
      ...camera,
      width,
      height,
      ratio: this.map.getPixelRatio(),
      step: stepOf(camera.zoom),
      clustered: this.#cluster,
      shown: SYMBOL_LAYERS.map((id) => this.#layers.find((l) => l.id === id)?.shown ?? true),
      order: this.#above().map((id) => SYMBOL_LAYERS.indexOf(id)),
      selected: this.#roster.slot(this.#selected),
      leaders: camera.zoom >= LEADERS_FROM_ZOOM,
    };
  }

  #inks(): { ink: Ink; sides: string[] } {
    const { text, bg, panel, warn, accent } = this.#palette;
    return { ink: { text, halo: bg, panel, warn, accent }, sides: SIDES.map((side) => this.words.sides[side]) };
  }

  /** Whoever waits for the whole picture (a test, a screenshot) can see when it is there. */
  #settled(part: 'map' | 'symbols', idle: boolean): void {
    this.#idle[part] = idle;
    this.box.dataset.idle = String(this.#idle.map && this.#idle.symbols && this.#textTimer === undefined);
  }

  #shapes(): FeatureCollection {
    return { type: 'FeatureCollection', features: [...this.#data.values()].flat() };
  }

  #fill(): void {
    this.map.addSource(SHAPES, { type: 'geojson', data: this.#shapes() });
    for (const layer of overlayLayers(this.#palette)) this.map.addLayer(layer);
    for (const layer of Object.values(this.#symbols)) this.map.addLayer(layer, OVER_ALL);
    this.#ready = true;
    this.#order();
    this.#below();
    this.#moved();
  }

  /** The lowest of what a person arranges: local maps go below it. */
  #bottom(): string {
    const first = this.#layers[0]?.id ?? 'places';
    return PARTS[first][0] ?? 'places';
  }

  #order(): void {
    for (const { id, shown } of this.#layers) {
      for (const part of PARTS[id]) {
        this.map.moveLayer(part, OVER_ALL);
        this.map.setLayoutProperty(part, 'visibility', shown ? 'visible' : 'none');
      }
    }
  }

  #restyle(): void {
    this.#overlay.tell(this.#inks());
    if (!this.#ready) return;
    for (const layer of [...baseLayers(this.#palette, this.words.lang), ...overlayLayers(this.#palette)]) {
      this.#paint(layer.id, layer.paint);
      if (layer.id === 'places') this.map.setLayoutProperty('places', 'text-field', ['get', this.words.lang]);
    }
    this.#text();
  }

  #paint(id: string, paint: object | undefined): void {
    for (const [name, value] of Object.entries(paint ?? {})) this.map.setPaintProperty(id, name as never, value as never);
  }

  /** The symbols that nothing of MapLibre's is to lie on, the lowest first. */
  #above(): SymbolLayerId[] {
    const order = this.#layers.map((l) => l.id);
    const shape = order.findLastIndex((id) => !isSymbols(id));
    return order.slice(shape + 1).filter(isSymbols);
  }

  /** The rest of them, for MapLibre to paint between the shapes. */
  #below(): void {
    const above = this.#above();
    const leaders = this.map.getZoom() >= LEADERS_FROM_ZOOM;
    for (const id of SYMBOL_LAYERS) {
      const points = above.includes(id) ? [] : this.#singles().filter((p) => p.layer === id);
      this.#symbols[id].set(points, this.#selected, leaders);
    }
  }

  #found(lying: Lying): void {
    this.#lying = lying;
    if (this.#above().length < SYMBOL_LAYERS.length) this.#below();
    this.#textSoon();
  }

  #singles(): MapPoint[] {
    return this.#roster.all(this.#lying?.singles ?? []);
  }

  /** Those of which `near` says so, by their middle. */
  #clusters(near: (at: { x: number; y: number }) => boolean): Cluster[] {
    const lying = this.#lying;
    if (!lying) return [];
    const at = (i: number) => ({ x: lying.xy[i * 2] ?? 0, y: lying.xy[i * 2 + 1] ?? 0 });
    return [...lying.keys.keys()].filter((i) => near(at(i))).map((i) => clusterOf(lying, i, (slots) => this.#roster.all(slots)));
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
    this.#settled('symbols', this.#idle.symbols);
  }

  #text(): void {
    clearTimeout(this.#textTimer);
    this.#textTimer = undefined;
    this.#textAt = performance.now();
    const inView = this.#inView();
    const seen = this.#singles().filter(inView);
    const named = this.map.getZoom() >= NAMES_FROM_ZOOM ? seen.slice(0, MOST_NAMES) : seen.filter((p) => p.id === this.#selected);
    this.#name(named);
    this.on.shown(seen, this.#clusters(inView));
    this.#settled('symbols', this.#idle.symbols);
  }

  #name(points: readonly MapPoint[]): void {
    const text = (p: MapPoint): string => [plain(p.names[this.words.lang]), p.stale ? this.words.age(p) : ''].filter(Boolean).join(' · ');
    const names = { slots: points.map((p) => this.#roster.slot(p.id)), texts: points.map(text), stale: points.map((p) => p.stale) };
    const said = JSON.stringify(names);
    if (said !== this.#named) this.#overlay.tell({ names });
    this.#named = said;
  }

  #inView(): (p: { x: number; y: number }) => boolean {
    const b = this.map.getBounds();
    const [w, e, n, s] = [mercatorX(b.getWest()), mercatorX(b.getEast()), mercatorY(b.getNorth()), mercatorY(b.getSouth())];
    return (p) => p.x >= w && p.x <= e && p.y >= n && p.y <= s;
  }

  /** Nobody reads digits that change with every frame, and every change of the page is a frame more. */
  #cursor(at: LonLat | null): void {
    this.#cursorAt = at;
    this.#cursorTimer ??= setTimeout(() => {
      this.#cursorTimer = undefined;
      this.on.cursor(this.#cursorAt);
    }, CURSOR_MS);
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
    const near = nearest(this.#clusters((c) => Math.hypot(c.x - x, c.y - y) < reach));
    if (near) return { members: near.members.filter((p) => !locked.has(p.layer)) };
    const point = nearest(this.#singles().filter((p) => !locked.has(p.layer)));
    if (point) return { point };
    const parts = [...(locked.has('hazards') ? [] : ['hazard-fill', 'hazard-point']), ...(locked.has('areas') ? [] : ['area-fill', 'area-line'])];
    const [shape] = this.#ready && parts.length ? this.map.queryRenderedFeatures([px, py], { layers: parts }) : [];
    return shape ? { area: String(shape.properties.id) } : {};
  }
}

const isSymbols = (id: LayerId): id is SymbolLayerId => (SYMBOL_LAYERS as readonly string[]).includes(id);

/** Clusters hold still within half a zoom level. */
const stepOf = (zoom: number): number => Math.round(zoom * 2) / 2;

function lookOf(c: Palette, box: HTMLElement): Look {
  return { ink: c.text, halo: c.bg, warn: c.warn, accent: c.accent, dark: getComputedStyle(box).colorScheme !== 'light' };
}
