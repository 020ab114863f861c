/**
 * Makes the map's land out of two packages: the western Pacific from OpenStreetMap's coastline to about 100 m
 * (© OpenStreetMap contributors, ODbL 1.0, by way of @geo-maps/earth-lands-100m), every island from Kagoshima to
 * Yonaguni in it, and the rest of the world from Natural Earth 1:50m (public domain, by way of world-atlas).
 *
 * Writes src/generated/land.geojson: polygons, those of the region first, and then lines, their outlines without the
 * seams that cutting leaves.  Skips its work while what it wrote is newer than this file and its sources.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';

import { feature } from 'topojson-client';

/** West, south, east, north: from Taiwan to the Kurils, the Ogasawara islands with it. */
const REGION = [119, 20, 150, 46.5];
/** Beyond it, four boxes. */
const WORLD = [
  [-180, -85, REGION[0], 85],
  [REGION[2], -85, 180, 85],
  [REGION[0], -85, REGION[2], REGION[1]],
  [REGION[0], REGION[3], REGION[2], 85],
];
/** Lakes that are drawn, by the degrees their box spans: smaller ones are specks on any chart of this scale. */
const LAKE = 0.12;
const FINE = 4;
const COARSE = 2;

const at = (name) => new URL(name, import.meta.url);
mkdirSync(at('../src/generated/'), { recursive: true });
// The regions of hazards, as the node has them: a hazard names each by its code, with a grade of its own.
copyFileSync(at('../../src/renkei/data/jma/regions.geojson'), at('../src/generated/regions.json'));
const land = at('../src/generated/land.geojson');
const sources = [at('../node_modules/@geo-maps/earth-lands-100m/map.geo.json'), at('../node_modules/world-atlas/land-50m.json')];
const time = (file) => statSync(file).mtimeMs;
const newest = Math.max(time(new URL(import.meta.url)), time(at('../package-lock.json')));
if (existsSync(land) && time(land) > newest) process.exit(0);

/** Sutherland-Hodgman against one side: keep what `inside` holds, cut where `meet` says. */
function clipSide(ring, inside, meet) {
  const out = [];
  ring.forEach((point, i) => {
    const before = ring[(i + ring.length - 1) % ring.length];
    if (inside(point) !== inside(before)) out.push(meet(before, point));
    if (inside(point)) out.push(point);
  });
  return out;
}

function clip(ring, [w, s, e, n]) {
  const atLon = (lon) => (a, b) => [lon, a[1] + ((b[1] - a[1]) * (lon - a[0])) / (b[0] - a[0])];
  const atLat = (lat) => (a, b) => [a[0] + ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]), lat];
  const sides = [
    [(p) => p[0] >= w, atLon(w)],
    [(p) => p[0] <= e, atLon(e)],
    [(p) => p[1] >= s, atLat(s)],
    [(p) => p[1] <= n, atLat(n)],
  ];
  return sides.reduce((points, [inside, meet]) => (points.length ? clipSide(points, inside, meet) : points), ring);
}

/** Rounded, repeated points dropped, closed; empty when nothing of it is left. */
function tidy(ring, digits) {
  const points = ring.map(([x, y]) => [Number(x.toFixed(digits)), Number(y.toFixed(digits))]);
  const kept = points.filter(([x, y], i) => x !== points.at(i - 1)[0] || y !== points.at(i - 1)[1]);
  return kept.length > 2 ? [...kept, kept[0]] : [];
}

const span = (ring) => Math.max(...[0, 1].map((axis) => Math.max(...ring.map((p) => p[axis])) - Math.min(...ring.map((p) => p[axis]))));

function within(polygons, box, digits) {
  return polygons
    .map((rings) => rings.filter((ring, i) => i === 0 || span(ring) > LAKE).map((ring) => tidy(clip(ring.slice(0, -1), box), digits)).filter((ring) => ring.length))
    .filter((rings) => rings.length);
}

/** The outline in pieces, without what runs along the box's sides. */
function outline(ring, [w, s, e, n]) {
  const seam = (a, b) => [w, e].some((x) => a[0] === x && b[0] === x) || [s, n].some((y) => a[1] === y && b[1] === y);
  const pieces = [[]];
  ring.slice(1).forEach((point, i) => {
    if (seam(ring[i], point)) return pieces.push([]);
    if (!pieces.at(-1).length) pieces.at(-1).push(ring[i]);
    return pieces.at(-1).push(point);
  });
  return pieces.filter((piece) => piece.length > 1);
}

const polygonsOf = (geometry) => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));

const fine = read(sources[0]).geometries.flatMap(polygonsOf);
const atlas = read(sources[1]);
const coarse = feature(atlas, atlas.objects.land).features.flatMap((f) => polygonsOf(f.geometry));
const parts = [[REGION, within(fine, REGION, FINE)], ...WORLD.map((box) => [box, within(coarse, box, COARSE)])];

const polygons = parts.flatMap(([, all]) => all.map((coordinates) => ({ type: 'Polygon', coordinates })));
const lines = parts.flatMap(([box, all]) => all.map((rings) => ({ type: 'MultiLineString', coordinates: rings.flatMap((ring) => outline(ring, box)) })));
const features = [...polygons, ...lines].map((geometry) => ({ type: 'Feature', properties: {}, geometry }));
const text = JSON.stringify({ type: 'FeatureCollection', features });
writeFileSync(land, text + '\n');
console.log(`land.geojson: ${features.length} features, ${text.length} bytes`);
