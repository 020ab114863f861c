/**
 * Cuts the coastline that the picture is drawn on out of Natural Earth (1:10m land, public domain,
 * by way of the world-atlas package) and writes src/generated/coast.json.
 *
 * Output: { box: [west, south, east, north], unit: degrees per step, rings: number[][] }, each ring a flat list
 * of whole-number steps from the box's south-western corner, the first point absolute and the others relative.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

import { feature } from 'topojson-client';

const BOX = [104, 10, 164, 54];
/** About 500 m: finer than a pixel until a single island fills the screen. */
const UNIT = 0.005;

const atlas = JSON.parse(readFileSync(new URL('../node_modules/world-atlas/land-10m.json', import.meta.url), 'utf8'));
const land = feature(atlas, atlas.objects.land);

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

function clip(ring) {
  const atLon = (lon) => (a, b) => [lon, a[1] + ((b[1] - a[1]) * (lon - a[0])) / (b[0] - a[0])];
  const atLat = (lat) => (a, b) => [a[0] + ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]), lat];
  const [w, s, e, n] = BOX;
  return [
    [(p) => p[0] >= w, atLon(w)],
    [(p) => p[0] <= e, atLon(e)],
    [(p) => p[1] >= s, atLat(s)],
    [(p) => p[1] <= n, atLat(n)],
  ].reduce((points, [inside, meet]) => (points.length ? clipSide(points, inside, meet) : points), ring);
}

/** Whole steps, each relative to the one before; steps that do not move are dropped. */
function pack(ring) {
  const steps = [];
  let [x, y] = [0, 0];
  for (const [lon, lat] of ring) {
    const [nx, ny] = [Math.round((lon - BOX[0]) / UNIT), Math.round((lat - BOX[1]) / UNIT)];
    if (steps.length && nx === x && ny === y) continue;
    steps.push(nx - x, ny - y);
    [x, y] = [nx, ny];
  }
  return steps;
}

const polygons = land.features.flatMap((f) =>
  f.geometry.type === 'Polygon' ? [f.geometry.coordinates] : f.geometry.coordinates,
);
const rings = polygons
  .flat()
  .map((ring) => clip(ring.slice(0, -1)))
  .filter((ring) => ring.length > 2)
  .map(pack)
  .filter((ring) => ring.length > 4);
const text = JSON.stringify({ box: BOX, unit: UNIT, rings });
mkdirSync(new URL('../src/generated/', import.meta.url), { recursive: true });
writeFileSync(new URL('../src/generated/coast.json', import.meta.url), text + '\n');
console.log(`${rings.length} rings, ${text.length} bytes`);

// The whole world for small maps, 1:110m and to a tenth of a degree: rings of [longitude, latitude] in tenths.
const whole = JSON.parse(readFileSync(new URL('../node_modules/world-atlas/land-110m.json', import.meta.url), 'utf8'));
const lands = feature(whole, whole.objects.land).features.flatMap((f) =>
  f.geometry.type === 'Polygon' ? [f.geometry.coordinates] : f.geometry.coordinates,
);
const world = JSON.stringify(lands.flat().map((ring) => ring.map(([lon, lat]) => [Math.round(lon * 10), Math.round(lat * 10)])));
writeFileSync(new URL('../src/generated/world.json', import.meta.url), world + '\n');
console.log(`world: ${world.length} bytes`);
