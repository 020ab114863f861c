/**
 * Symbols that would lie on each other become one with counts, by side and by kind, so that nothing is hidden without
 * being counted.  A grid in screen pixels: linear, and stable while the map is dragged.  Pure.
 */
import { SIDES, SYMBOL_LAYERS, type MapPoint, type Side, type SymbolLayer } from './points';

/** A symbol's width and a little: closer than this they cannot be told apart. */
export const CELL_PX = 38;
export const TILE_PX = 512;
/** Share of a cell within which two means lie on each other. */
const TOUCHING = 0.7;
/** Cells of a row of the world at the nearest zoom are fewer than this. */
const ROW = 2 ** 24;

export type Counts = Record<Side, Record<SymbolLayer, number>>;
/** `x`, `y`: the members' mean, so that a cluster lies where they are; `stale` members are counted apart. */
export type Cluster = { key: string; x: number; y: number; count: number; stale: number; counts: Counts; members: MapPoint[] };
export type Clustered = { singles: MapPoint[]; clusters: Cluster[] };

export const noCounts = (): Counts =>
  Object.fromEntries(SIDES.map((side) => [side, Object.fromEntries(SYMBOL_LAYERS.map((layer) => [layer, 0]))])) as Counts;

export function cluster(points: Iterable<MapPoint>, zoom: number): Clustered {
  const cells = (TILE_PX * 2 ** zoom) / CELL_PX;
  const grid = new Map<number, MapPoint[]>();
  for (const p of points) {
    const key = Math.floor(p.y * cells) * ROW + Math.floor(p.x * cells);
    const there = grid.get(key);
    if (there) there.push(p);
    else grid.set(key, [p]);
  }
  const singles: MapPoint[] = [];
  const clusters: Cluster[] = [];
  for (const [key, members] of apart(grid, cells)) {
    const [only] = members;
    if (members.length === 1 && only) singles.push(only);
    else clusters.push(summed(String(key), members));
  }
  return { singles, clusters };
}

/** Neighbours over the edge of a cell that still lie on each other are joined, the larger taking the smaller. */
function apart(grid: Map<number, MapPoint[]>, cells: number): Map<number, MapPoint[]> {
  const around = [-ROW - 1, -ROW, -ROW + 1, -1, 1, ROW - 1, ROW, ROW + 1];
  const means = new Map([...grid].map(([key, members]) => [key, mean(members)]));
  for (const [key, members] of [...grid].sort((a, b) => b[1].length - a[1].length)) {
    if (grid.get(key) !== members) continue;
    const [x, y] = means.get(key) ?? [0, 0];
    for (const other of around.map((step) => key + step)) {
      const near = grid.get(other);
      const [ox, oy] = means.get(other) ?? [9, 9];
      if (!near || near.length > members.length || Math.hypot(ox - x, oy - y) * cells > TOUCHING) continue;
      for (const p of near) members.push(p);
      grid.delete(other);
    }
  }
  return grid;
}

function mean(members: readonly MapPoint[]): [number, number] {
  let [x, y] = [0, 0];
  for (const p of members) [x, y] = [x + p.x, y + p.y];
  return [x / members.length, y / members.length];
}

function summed(key: string, members: MapPoint[]): Cluster {
  const made: Cluster = { key, x: 0, y: 0, count: members.length, stale: 0, counts: noCounts(), members };
  [made.x, made.y] = mean(members);
  for (const p of members) {
    made.stale += p.stale ? 1 : 0;
    made.counts[p.side][p.layer] += 1;
  }
  return made;
}

export const sideTotal = (counts: Counts, side: Side): number => SYMBOL_LAYERS.reduce((sum, layer) => sum + counts[side][layer], 0);
