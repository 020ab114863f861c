/**
 * Symbols that would lie on each other become one with counts, by side and by kind, so that nothing is hidden without
 * being counted.  A grid in screen pixels: linear, and stable while the map is dragged.  Pure, and in columns of numbers
 * (`columns.ts`): a worker does it ten times a second for tens of thousands.
 */
import { GONE, layerIn, sideIn, staleIn, type Columns } from './columns';
import { SIDES, SYMBOL_LAYERS, type MapPoint, type Side, type SymbolLayer } from './points';

/** A symbol's width and a little: closer than this they cannot be told apart. */
export const CELL_PX = 38;
export const TILE_PX = 512;
/** Share of a cell within which two means lie on each other. */
const TOUCHING = 0.7;
/** Cells of a row of the world at the nearest zoom are fewer than this. */
const ROW = 2 ** 24;
const NONE = 0xffffffff;
/** Counts of a cluster: a number for each side and layer. */
const BY = SIDES.length * SYMBOL_LAYERS.length;

export type Counts = Record<Side, Record<SymbolLayer, number>>;
/** `x`, `y`: the members' mean, so that a cluster lies where they are; `stale` members are counted apart. */
export type Cluster = { key: string; x: number; y: number; count: number; stale: number; counts: Counts; members: MapPoint[] };
/** Slots of symbols by themselves; and of each cluster its cell, mean, counts and where its members begin in `members`. */
export type Found = {
  singles: Uint32Array;
  keys: Float64Array;
  xy: Float64Array;
  stale: Uint32Array;
  by: Uint32Array;
  starts: Uint32Array;
  members: Uint32Array;
};

export const noCounts = (): Counts =>
  Object.fromEntries(SIDES.map((side) => [side, Object.fromEntries(SYMBOL_LAYERS.map((layer) => [layer, 0]))])) as Counts;

const seen = (kind: number, shown: readonly boolean[]): boolean => kind !== GONE && shown[layerIn(kind)] === true;

/** Every symbol of the layers shown (in the order of `SYMBOL_LAYERS`) by itself. */
export function apart(columns: Columns, shown: readonly boolean[]): Found {
  const slots = new Uint32Array(columns.size);
  let count = 0;
  for (let slot = 0; slot < columns.size; slot++) if (seen(columns.kind[slot] ?? GONE, shown)) slots[count++] = slot;
  return packed(columns, slots.slice(0, count), []);
}

export function cluster(columns: Columns, shown: readonly boolean[], zoom: number): Found {
  const grid = gridOf(columns, shown, (TILE_PX * 2 ** zoom) / CELL_PX);
  join(grid);
  const [singles, clusters]: [number[], Bucket[]] = [[], []];
  for (const bucket of grid.buckets) {
    if (bucket.count === 1) singles.push(bucket.head);
    else if (bucket.count) clusters.push(bucket);
  }
  return packed(columns, new Uint32Array(singles), clusters, grid.next);
}

/** What lies in a cell: a chain of slots from `head` through `next` to `tail`; `count` 0 once joined to a neighbour. */
type Bucket = { key: number; head: number; tail: number; count: number; x: number; y: number };
type Grid = { buckets: Bucket[]; byKey: Map<number, Bucket>; next: Uint32Array<ArrayBuffer> };

/** `x`, `y` of a bucket: the mean of its members in cells. */
function gridOf(columns: Columns, shown: readonly boolean[], cells: number): Grid {
  const grid: Grid = { buckets: [], byKey: new Map(), next: new Uint32Array(columns.size) };
  for (let slot = 0; slot < columns.size; slot++) {
    if (!seen(columns.kind[slot] ?? GONE, shown)) continue;
    const [x, y] = [(columns.x[slot] ?? 0) * cells, (columns.y[slot] ?? 0) * cells];
    const key = Math.floor(y) * ROW + Math.floor(x);
    const there = grid.byKey.get(key);
    grid.next[slot] = NONE;
    if (!there) {
      const made = { key, head: slot, tail: slot, count: 1, x, y };
      grid.byKey.set(key, made);
      grid.buckets.push(made);
      continue;
    }
    grid.next[there.tail] = there.tail = slot;
    there.count += 1;
    there.x += (x - there.x) / there.count;
    there.y += (y - there.y) / there.count;
  }
  return grid;
}

/** Neighbours over the edge of a cell that still lie on each other are joined, the larger taking the smaller. */
function join({ buckets, byKey, next }: Grid): void {
  const around = [-ROW - 1, -ROW, -ROW + 1, -1, 1, ROW - 1, ROW, ROW + 1];
  for (const bucket of [...buckets].sort((a, b) => b.count - a.count)) {
    if (!bucket.count) continue;
    for (const step of around) {
      const near = byKey.get(bucket.key + step);
      if (!near?.count || near.count > bucket.count || Math.hypot(near.x - bucket.x, near.y - bucket.y) > TOUCHING) continue;
      next[bucket.tail] = near.head;
      bucket.tail = near.tail;
      bucket.count += near.count;
      near.count = 0;
    }
  }
}

function packed(columns: Columns, singles: Uint32Array, clusters: readonly Bucket[], next = new Uint32Array()): Found {
  const all = clusters.reduce((sum, c) => sum + c.count, 0);
  const made: Found = {
    singles,
    keys: new Float64Array(clusters.length),
    xy: new Float64Array(clusters.length * 2),
    stale: new Uint32Array(clusters.length),
    by: new Uint32Array(clusters.length * BY),
    starts: new Uint32Array(clusters.length + 1),
    members: new Uint32Array(all),
  };
  let at = 0;
  for (const [i, { key, head, count }] of clusters.entries()) {
    let [x, y, stale] = [0, 0, 0];
    made.keys[i] = key;
    for (let slot = head; slot !== NONE; slot = next[slot] ?? NONE) {
      const kind = columns.kind[slot] ?? 0;
      const by = i * BY + sideIn(kind) * SYMBOL_LAYERS.length + layerIn(kind);
      made.by[by] = (made.by[by] ?? 0) + 1;
      made.members[at++] = slot;
      [x, y, stale] = [x + (columns.x[slot] ?? 0), y + (columns.y[slot] ?? 0), stale + (staleIn(kind) ? 1 : 0)];
    }
    [made.xy[i * 2], made.xy[i * 2 + 1], made.stale[i], made.starts[i + 1]] = [x / count, y / count, stale, at];
  }
  return made;
}

export const countOf = (found: Found, i: number): number => (found.starts[i + 1] ?? 0) - (found.starts[i] ?? 0);
export const sideCount = (found: Found, i: number, side: number): number => {
  const from = i * BY + side * SYMBOL_LAYERS.length;
  return found.by.subarray(from, from + SYMBOL_LAYERS.length).reduce((sum, n) => sum + n, 0);
};

/** A cluster with its members by name; those that have gone meanwhile are left out. */
export function clusterOf(found: Found, i: number, all: (slots: Uint32Array) => MapPoint[]): Cluster {
  const members = all(found.members.subarray(found.starts[i], found.starts[i + 1]));
  const counts = noCounts();
  for (const [s, side] of SIDES.entries()) for (const [l, layer] of SYMBOL_LAYERS.entries()) counts[side][layer] = found.by[i * BY + s * SYMBOL_LAYERS.length + l] ?? 0;
  return { key: String(found.keys[i]), x: found.xy[i * 2] ?? 0, y: found.xy[i * 2 + 1] ?? 0, count: countOf(found, i), stale: found.stale[i] ?? 0, counts, members };
}

export const sideTotal = (counts: Counts, side: Side): number => SYMBOL_LAYERS.reduce((sum, layer) => sum + counts[side][layer], 0);
