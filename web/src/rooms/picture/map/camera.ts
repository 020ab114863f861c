/** Where the map looks, and how a picture of one view is moved to fit another.  Pure. */
import { TILE_PX } from './cluster';

/** The middle in web Mercator, 0 to 1. */
export type Camera = { x: number; y: number; zoom: number };

/** A style that lays a picture drawn for `from` where it belongs when the map looks as in `to`. */
export function transform(from: Camera, to: Camera): string {
  if (from.x === to.x && from.y === to.y && from.zoom === to.zoom) return '';
  const world = TILE_PX * 2 ** to.zoom;
  return `translate(${(from.x - to.x) * world}px, ${(from.y - to.y) * world}px) scale(${2 ** (to.zoom - from.zoom)})`;
}
