/** What the map's parts share: how it is arranged, where the cursor is, what is measured, which local maps lie on it. */
import { i18n } from '../../../i18n/index.svelte';
import { along, leg, type Leg } from '../../../lib/geodesic';
import type { Box } from '../../../lib/geo';
import type { LonLat } from '../../../lib/utm';
import { session } from '../../../state/session.svelte';
import { labelKey } from '../../../lib/labels';
import { marks } from '../../../state/marks.svelte';
import type { Label } from '../../../api/types';
import type { Cluster } from './cluster';
import type { LocalMap } from './local';
import type { MapPoint } from './points';
import type { Scene } from './scene';
import { load, moved, save, type LayerId, type LayerState, type Settings, type View } from './settings';

/** Points of a long leg that is drawn as the great circle it is. */
const LEG_STEPS = 48;
/** What a person can still read off; further clicks begin anew. */
const MOST_LEGS = 50;

export class MapDesk {
  settings = $state.raw<Settings>(load(account()));
  cursor = $state.raw<LonLat | null>(null);
  centre = $state.raw<LonLat>({ lon: 0, lat: 0 });
  bounds = $state.raw<Box | null>(null);
  zoom = $state(0);
  measuring = $state(false);
  measured = $state.raw<LonLat[]>([]);
  locals = $state.raw<LocalMap[]>([]);
  /** A plain sentence about what could not be done. */
  notice = $state('');
  inView = $state.raw<MapPoint[]>([]);
  clusters = $state.raw<Cluster[]>([]);
  scene: Scene | null = null;
  #marked: Record<string, () => void> = {};
  #keys = new WeakMap<Label, string>();

  readonly legs = $derived.by((): Leg[] => this.measured.slice(1).map((to, i) => leg(this.measured[i] ?? to, to)));
  readonly total = $derived(this.legs.reduce((sum, l) => sum + l.metres, 0));

  change(change: Partial<Settings>): void {
    this.settings = { ...this.settings, ...change };
    save(account(), this.settings);
    if (change.layers || change.cluster !== undefined) this.scene?.arrange(this.settings.layers, this.settings.cluster);
  }

  layer(id: LayerId, change: Partial<LayerState>): void {
    this.change({ layers: this.settings.layers.map((l) => (l.id === id ? { ...l, ...change } : l)) });
  }

  move(id: LayerId, step: 1 | -1): void {
    this.change({ layers: moved(this.settings.layers, id, step) });
  }

  atView(view: View, bounds: Box): void {
    this.centre = { lon: view.lon, lat: view.lat };
    [this.zoom, this.bounds] = [view.zoom, bounds];
    this.change({ view });
  }

  measure(at: LonLat): void {
    this.#measured(this.measured.length > MOST_LEGS ? [at] : [...this.measured, at]);
  }

  toggleMeasure(): void {
    this.measuring = !this.measuring;
    if (this.measuring) this.#measured([]);
  }

  clearMeasure(): void {
    this.#measured([]);
    this.measuring = false;
  }

  mark(at: LonLat | null): void {
    const features = at ? [{ type: 'Feature' as const, properties: {}, geometry: { type: 'Point' as const, coordinates: [at.lon, at.lat] } }] : [];
    this.scene?.features('mark', features);
  }

  /** Every label on the map counts for the strips at top and bottom, that of a cluster's members too. */
  see(points: MapPoint[], clusters: Cluster[]): void {
    [this.inView, this.clusters] = [points, clusters];
    const seen: Record<string, MapPoint> = {};
    for (const p of points) seen[this.#key(p)] = p;
    for (const c of clusters) for (const p of c.members) seen[this.#key(p)] = p;
    for (const [key, { view }] of Object.entries(seen)) this.#marked[key] ??= marks.show(view.record.label, view.marking);
    this.#unmark((key) => key in seen);
  }

  async drop(files: Iterable<File>): Promise<void> {
    const { openArchive } = await import('./local');
    for (const file of files) {
      const opened = await openArchive(file);
      this.notice = opened ? i18n.t.map.dropped(opened.name) : i18n.t.map.notPmtiles(file.name.slice(0, 60));
      if (!opened) continue;
      this.locals = [...this.locals, opened];
      this.scene?.local(opened);
    }
  }

  removeLocal(key: string): void {
    this.scene?.dropLocal(key);
    this.locals = this.locals.filter((m) => m.key !== key);
  }

  close(): void {
    this.#unmark(() => false);
  }

  #unmark(keep: (key: string) => boolean): void {
    for (const [key, drop] of Object.entries(this.#marked).filter(([key]) => !keep(key))) {
      this.#marked = Object.fromEntries(Object.entries(this.#marked).filter(([k]) => k !== key));
      drop();
    }
  }

  #key({ view: { record } }: MapPoint): string {
    const key = this.#keys.get(record.label) ?? labelKey(record.label);
    this.#keys.set(record.label, key);
    return key;
  }

  #measured(points: LonLat[]): void {
    this.measured = points;
    const ends = points.map((p, i) => feature({ type: 'Point', coordinates: [p.lon, p.lat] }, i && this.legs[i - 1] ? legText(this.legs[i - 1]) : ''));
    const lines = points.slice(1).map((to, i) => feature({ type: 'LineString', coordinates: along(points[i] ?? to, to, LEG_STEPS).map((p) => [p.lon, p.lat]) }, ''));
    this.scene?.features('measure', [...lines, ...ends]);
  }
}

type Shape = { type: 'Point'; coordinates: number[] } | { type: 'LineString'; coordinates: number[][] };
const feature = (geometry: Shape, text: string) => ({ type: 'Feature' as const, properties: { text }, geometry });

/** `12.4 NM · 23.0 km · 041° T` */
export function legText(one: Leg | undefined): string {
  return one ? `${distanceText(one.metres)} · ${String(Math.round(one.bearing) % 360).padStart(3, '0')}°T` : '';
}

export function distanceText(metres: number): string {
  const digits = (n: number): string => n.toFixed(n < 100 ? 1 : 0);
  return metres < 1000 ? `${Math.round(metres)} m` : `${digits(metres / 1852)} NM · ${digits(metres / 1000)} km`;
}

function account(): string {
  return `${session.me?.hq ?? ''}/${session.me?.account ?? ''}`;
}
