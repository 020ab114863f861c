/**
 * Own-reported positions that keep changing.  Changes are taken in whenever they come and shown together, at most ten
 * times a second: between two ticks only the newest of each counts, so work follows what is shown, not what is said.
 * Where showing takes long, ticks come less often, so that whoever uses the map has at least half of the time.
 */
import type { MapPoint } from './points';

export const TICK_MS = 100;

export class Movers {
  readonly points = new Map<string, MapPoint>();
  #pending = new Map<string, MapPoint | null>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next = -Infinity;

  /** `show` is called after changes were applied; null is what has gone. */
  constructor(private readonly show: (changes: ReadonlyMap<string, MapPoint | null>) => void) {}

  /** New places of these; an older report than the one shown changes nothing. */
  apply(changes: Iterable<MapPoint>): void {
    for (const change of changes) {
      const before = this.#pending.get(change.id) ?? this.points.get(change.id);
      if (!before || before.said <= change.said) this.#pending.set(change.id, change);
    }
    this.#soon();
  }

  /** Everything there is: what is missing from `all` has gone. */
  replace(all: readonly MapPoint[]): void {
    const kept = new Set(all.map((p) => p.id));
    for (const id of this.points.keys()) if (!kept.has(id)) this.#pending.set(id, null);
    this.apply(all.filter((p) => !same(this.points.get(p.id), p)));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #soon(): void {
    if (this.#timer !== undefined || !this.#pending.size) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#next - performance.now()));
  }

  #tick(): void {
    this.#timer = undefined;
    const begun = performance.now();
    const changes = this.#pending;
    this.#pending = new Map();
    for (const [id, change] of changes) {
      if (change) this.points.set(id, change);
      else this.points.delete(id);
    }
    this.show(changes);
    const end = performance.now();
    this.#next = Math.max(begun + TICK_MS, end + (end - begun));
  }
}

/** The same version of the same record, as fresh as before. */
function same(a: MapPoint | undefined, b: MapPoint): boolean {
  return a !== undefined && a.view.record.version === b.view.record.version && a.stale === b.stale;
}
