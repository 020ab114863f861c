/** Distance and bearing on the WGS 84 ellipsoid (T. Vincenty, Survey Review XXIII, 176, 1975: the inverse problem). */
import type { LonLat } from './utm';

/** `metres` along the geodesic; `bearing` in degrees true at the start, 0 for no distance. */
export type Leg = { metres: number; bearing: number };

const RAD = Math.PI / 180;
const A = 6378137;
const F = 1 / 298.257223563;
const B = A * (1 - F);
/** Nearly antipodal points do not converge; the sphere is within 0.5 % there. */
const MOST_STEPS = 100;

export function leg(from: LonLat, to: LonLat): Leg {
  const L = (to.lon - from.lon) * RAD;
  const [u1, u2] = [from, to].map((p) => Math.atan((1 - F) * Math.tan(p.lat * RAD))) as [number, number];
  const [sin1, cos1, sin2, cos2] = [Math.sin(u1), Math.cos(u1), Math.sin(u2), Math.cos(u2)];
  let lambda = L;
  for (let step = 0; step < MOST_STEPS; step++) {
    const [sinL, cosL] = [Math.sin(lambda), Math.cos(lambda)];
    const sinS = Math.hypot(cos2 * sinL, cos1 * sin2 - sin1 * cos2 * cosL);
    if (sinS === 0) return { metres: 0, bearing: 0 };
    const cosS = sin1 * sin2 + cos1 * cos2 * cosL;
    const sigma = Math.atan2(sinS, cosS);
    const sinA = (cos1 * cos2 * sinL) / sinS;
    const cosA2 = 1 - sinA ** 2;
    const cosM = cosA2 === 0 ? 0 : cosS - (2 * sin1 * sin2) / cosA2;
    const C = (F / 16) * cosA2 * (4 + F * (4 - 3 * cosA2));
    const before = lambda;
    lambda = L + (1 - C) * F * sinA * (sigma + C * sinS * (cosM + C * cosS * (2 * cosM ** 2 - 1)));
    if (Math.abs(lambda - before) > 1e-12) continue;
    const bearing = Math.atan2(cos2 * sinL, cos1 * sin2 - sin1 * cos2 * cosL) / RAD;
    return { metres: length(cosA2, sigma, sinS, cosS, cosM), bearing: (bearing + 360) % 360 };
  }
  return onSphere(from, to);
}

function length(cosA2: number, sigma: number, sinS: number, cosS: number, cosM: number): number {
  const u2 = (cosA2 * (A ** 2 - B ** 2)) / B ** 2;
  const a = 1 + (u2 / 16384) * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)));
  const b = (u2 / 1024) * (256 + u2 * (-128 + u2 * (74 - 47 * u2)));
  const third = (b / 6) * cosM * (4 * sinS ** 2 - 3) * (4 * cosM ** 2 - 3);
  return B * a * (sigma - b * sinS * (cosM + (b / 4) * (cosS * (2 * cosM ** 2 - 1) - third)));
}

function onSphere(from: LonLat, to: LonLat): Leg {
  const [p, q, d] = [from.lat * RAD, to.lat * RAD, (to.lon - from.lon) * RAD];
  const [y, x] = [Math.sin(d) * Math.cos(q), Math.cos(p) * Math.sin(q) - Math.sin(p) * Math.cos(q) * Math.cos(d)];
  const angle = Math.atan2(Math.hypot(x, y), Math.sin(p) * Math.sin(q) + Math.cos(p) * Math.cos(q) * Math.cos(d));
  return { metres: angle * ((2 * A + B) / 3), bearing: (Math.atan2(y, x) / RAD + 360) % 360 };
}

/** Points along the great circle, so that a long leg is drawn where it runs; both ends included. */
export function along(from: LonLat, to: LonLat, steps: number): LonLat[] {
  const unit = ({ lon, lat }: LonLat): number[] => [Math.cos(lat * RAD) * Math.cos(lon * RAD), Math.cos(lat * RAD) * Math.sin(lon * RAD), Math.sin(lat * RAD)];
  const [p, q] = [unit(from), unit(to)] as [number[], number[]];
  const angle = Math.acos(Math.min(1, Math.max(-1, p.reduce((s, v, i) => s + v * (q[i] ?? 0), 0))));
  if (angle < 1e-9) return [from, to];
  return Array.from({ length: steps + 1 }, (_, i) => {
    const [a, b] = [Math.sin(((steps - i) / steps) * angle), Math.sin((i / steps) * angle)];
    const [x = 0, y = 0, z = 0] = p.map((v, k) => (a * v + b * (q[k] ?? 0)) / Math.sin(angle));
    const lon = Math.atan2(y, x) / RAD;
    return { lon: from.lon + ((((lon - from.lon + 180) % 360) + 360) % 360) - 180, lat: Math.atan2(z, Math.hypot(x, y)) / RAD };
  });
}
