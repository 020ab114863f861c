/**
 * Which symbol has which slot, and what the worker that draws them has not been told yet.  Pure.
 */
import { GONE, kindOf, NO_LEAD, noChanges, type Changes } from './columns';
import type { MapPoint, SymbolLayer } from './points';

/** Where in the texture a symbol and the line along its course are. */
export type CellsOf = { of: (p: MapPoint) => number; leader: (course: number) => number };

export class Roster {
  #slots = new Map<string, number>();
  #points: (MapPoint | undefined)[] = [];
  #free: number[] = [];
  #changed = new Set<number>();
  /** Told to the worker as gone, but not yet known to be understood: what it says may still name them. */
  #leaving: number[] = [];

  /** In a loop of its own: what is in view may be tens of thousands, and is asked for twice a second. */
  all(slots: Iterable<number>): MapPoint[] {
    const found: MapPoint[] = [];
    for (const slot of slots) {
      const p = this.#points[slot];
      if (p) found.push(p);
    }
    return found;
  }

  slot(id: string): number {
    return this.#slots.get(id) ?? -1;
  }

  put(p: MapPoint): void {
    const slot = this.#slots.get(p.id) ?? this.#free.pop() ?? this.#points.length;
    this.#slots.set(p.id, slot);
    this.#points[slot] = p;
    this.#changed.add(slot);
  }

  drop(id: string): void {
    const slot = this.#slots.get(id);
    if (slot === undefined) return;
    this.#slots.delete(id);
    this.#points[slot] = undefined;
    this.#changed.add(slot);
  }

  /** All there is of a layer. */
  replace(layer: SymbolLayer, points: readonly MapPoint[]): void {
    const kept = new Set(points.map((p) => p.id));
    for (const p of this.#points) if (p?.layer === layer && !kept.has(p.id)) this.drop(p.id);
    for (const p of points) if (this.#points[this.slot(p.id)] !== p) this.put(p);
  }

  /** The texture was drawn anew: every symbol has to be found in it again. */
  again(): void {
    for (const slot of this.#slots.values()) this.#changed.add(slot);
  }

  /** What changed since the last call, which the worker has answered by now; null where nothing did. */
  take(cells: CellsOf): Changes | null {
    this.#free.push(...this.#leaving);
    this.#leaving = [];
    if (!this.#changed.size) return null;
    const made = noChanges(this.#changed.size);
    let i = 0;
    for (const slot of this.#changed) {
      const p = this.#points[slot];
      made.slots[i] = slot;
      made.kinds[i] = p ? kindOf(p) : GONE;
      if (p) {
        made.xy[i * 2] = p.x;
        made.xy[i * 2 + 1] = p.y;
        made.cells[i] = cells.of(p);
        made.leads[i] = p.course === null ? NO_LEAD : cells.leader(p.course);
      } else this.#leaving.push(slot);
      i++;
    }
    this.#changed.clear();
    return made;
  }
}
