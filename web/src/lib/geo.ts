/**
 * The map's projection and paths.  Mercator, as charts at sea have it; degrees in, map units out
 * (1 unit = 1 degree of longitude).  Pure: the component only draws.
 */
import type { Geometry } from '../api/types';

export type Box = { west: number; south: number; east: number; north: number };
export type Packed = { box: number[]; unit: number; rings: number[][] };

const RAD = Math.PI / 180;

export function mercator(lon: number, lat: number): [number, number] {
  const bounded = Math.max(-85, Math.min(85, lat));
  return [lon, -Math.log(Math.tan(Math.PI / 4 + (bounded * RAD) / 2)) / RAD];
}

/** Latitude of a map unit, for reading coordinates off the map. */
export function inverse(x: number, y: number): [number, number] {
  return [x, (2 * Math.atan(Math.exp(-y * RAD)) - Math.PI / 2) / RAD];
}

/** x, y, width and height of an SVG view on `box`. */
export function viewOf(box: Box): { x: number; y: number; w: number; h: number } {
  const [x, y] = mercator(box.west, box.north);
  const [x2, y2] = mercator(box.east, box.south);
  return { x, y, w: x2 - x, h: y2 - y };
}

const point = ([lon = 0, lat = 0]: number[]): string => mercator(lon, lat).map((n) => n.toFixed(3)).join(' ');
const line = (points: number[][]): string => 'M' + points.map(point).join('L');
const ring = (points: number[][]): string => line(points) + 'Z';

/** An SVG path of everything in `geometry` that has extent; points are drawn as symbols instead. */
export function pathOf(geometry: Geometry): string {
  switch (geometry.type) {
    case 'LineString':
      return line(geometry.coordinates);
    case 'Polygon':
      return geometry.coordinates.map(ring).join('');
    case 'MultiPolygon':
      return geometry.coordinates.flat().map(ring).join('');
    case 'Point':
      return '';
  }
}

/** The point that `geometry` is, if it is one, as longitude and latitude. */
export function pointOf(geometry: Geometry): number[] | null {
  return geometry.type === 'Point' ? geometry.coordinates : null;
}

function everyPoint(geometry: Geometry): number[][] {
  const depth = { Point: 0, LineString: 1, Polygon: 2, MultiPolygon: 3 }[geometry.type];
  const nested: unknown[] = [geometry.coordinates];
  return nested.flat(depth as 1) as number[][];
}

/** The smallest box around `geometries`, with a margin in degrees; null when they hold no point. */
export function boxOf(geometries: Geometry[], margin: number): Box | null {
  const points = geometries.flatMap(everyPoint);
  if (!points.length) return null;
  const lons = points.map((p) => p[0] ?? 0);
  const lats = points.map((p) => p[1] ?? 0);
  const least = (all: number[]): number => all.reduce((a, b) => Math.min(a, b));
  const most = (all: number[]): number => all.reduce((a, b) => Math.max(a, b));
  return { west: least(lons) - margin, south: least(lats) - margin, east: most(lons) + margin, north: most(lats) + margin };
}

/** The middle of the box around `geometry`, as longitude and latitude. */
export function centreOf(geometry: Geometry): [number, number] {
  const box = boxOf([geometry], 0) ?? { west: 0, south: 0, east: 0, north: 0 };
  return [(box.west + box.east) / 2, (box.south + box.north) / 2];
}

/** The middle of the southern edge of the box around `geometry`, as longitude and latitude; of a point the point. */
export function southOf(geometry: Geometry): [number, number] {
  const box = boxOf([geometry], 0) ?? { west: 0, south: 0, east: 0, north: 0 };
  return [(box.west + box.east) / 2, box.south];
}

/** The coastline's packed rings (scripts/coast.mjs) as one SVG path. */
export function coastPath({ box, unit, rings }: Packed): string {
  const [west = 0, south = 0] = box;
  return rings
    .map((steps) => {
      let [x, y] = [0, 0];
      const points: number[][] = [];
      for (let i = 0; i < steps.length; i += 2) {
        x += steps[i] ?? 0;
        y += steps[i + 1] ?? 0;
        points.push([west + x * unit, south + y * unit]);
      }
      return ring(points);
    })
    .join('');
}
