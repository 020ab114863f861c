/**
 * Symbols as columns of numbers, one row (a slot) for each: what the worker that draws them works on, and the changes
 * that bring its columns up to date.  Pure.
 */
import { SIDES, SYMBOL_LAYERS, type MapPoint } from './points';

/** A slot that holds nothing. */
export const GONE = 255;
/** No line along a course. */
export const NO_LEAD = 0xffff;
const FIRST_SLOTS = 1024;

/** Layer, side and age of a symbol in one byte. */
export const kindOf = (p: MapPoint): number => SYMBOL_LAYERS.indexOf(p.layer) | (SIDES.indexOf(p.side) << 2) | (p.stale ? 16 : 0);
export const layerIn = (kind: number): number => kind & 3;
export const sideIn = (kind: number): number => (kind >> 2) & 3;
export const staleIn = (kind: number): boolean => (kind & 16) !== 0;

/**
 * One entry for each changed slot: its place (web Mercator, x and y in turn), the sprite of the symbol, the sprite of the
 * line along its course or `NO_LEAD`, and its kind or `GONE`.
 */
export type Changes = { slots: Uint32Array; xy: Float64Array; cells: Uint16Array; leads: Uint16Array; kinds: Uint8Array };

export const noChanges = (count: number): Changes => ({
  slots: new Uint32Array(count),
  xy: new Float64Array(count * 2),
  cells: new Uint16Array(count),
  leads: new Uint16Array(count),
  kinds: new Uint8Array(count),
});

export class Columns {
  /** Slots in use are below this. */
  size = 0;
  x = new Float64Array(FIRST_SLOTS);
  y = new Float64Array(FIRST_SLOTS);
  cell = new Uint16Array(FIRST_SLOTS);
  lead = new Uint16Array(FIRST_SLOTS);
  kind = new Uint8Array(FIRST_SLOTS).fill(GONE);

  apply({ slots, xy, cells, leads, kinds }: Changes): void {
    for (const [i, slot] of slots.entries()) {
      if (slot >= this.kind.length) this.#grow(slot + 1);
      this.size = Math.max(this.size, slot + 1);
      this.x[slot] = xy[i * 2] ?? 0;
      this.y[slot] = xy[i * 2 + 1] ?? 0;
      this.cell[slot] = cells[i] ?? 0;
      this.lead[slot] = leads[i] ?? NO_LEAD;
      this.kind[slot] = kinds[i] ?? GONE;
    }
  }

  #grow(least: number): void {
    const length = Math.max(least, this.kind.length * 2);
    const longer = <A extends Float64Array | Uint16Array | Uint8Array>(made: A, from: A): A => (made.set(from), made);
    this.x = longer(new Float64Array(length), this.x);
    this.y = longer(new Float64Array(length), this.y);
    this.cell = longer(new Uint16Array(length), this.cell);
    this.lead = longer(new Uint16Array(length), this.lead);
    this.kind = longer(new Uint8Array(length).fill(GONE), this.kind);
  }
}
