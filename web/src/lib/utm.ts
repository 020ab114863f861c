/**
 * UTM on WGS 84: degrees to metres in a zone and back, by Krüger's series to the sixth order of the third
 * flattening (C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers", 2011, section 3);
 * zones with the exceptions of Norway and Svalbard (NGA.SIG.0012, chapter 7).  Pure.
 */

export type LonLat = { lon: number; lat: number };
/** `easting` and `northing` in metres, false origins included; `band` is the latitude band's letter. */
export type Utm = { zone: number; band: string; easting: number; northing: number };

const RAD = Math.PI / 180;
const SCALE = 0.9996;
const FALSE_EASTING = 500_000;
const FALSE_NORTHING = 10_000_000;
/** Third flattening, rectifying radius in metres and eccentricity of the WGS 84 ellipsoid. */
const N = 1 / 298.257223563 / (2 - 1 / 298.257223563);
const RADIUS = (6378137 / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64 + N ** 6 / 256);
const ECCENTRICITY = (2 * Math.sqrt(N)) / (1 + N);

/** Coefficients of N, N², … of each term; Karney 2011, equations 35 and 36. */
const FORWARD = series([
  [1 / 2, -2 / 3, 5 / 16, 41 / 180, -127 / 288, 7891 / 37800],
  [13 / 48, -3 / 5, 557 / 1440, 281 / 630, -1983433 / 1935360],
  [61 / 240, -103 / 140, 15061 / 26880, 167603 / 181440],
  [49561 / 161280, -179 / 168, 6601661 / 7257600],
  [34729 / 80640, -3418889 / 1995840],
  [212378941 / 319334400],
]);
const INVERSE = series([
  [1 / 2, -2 / 3, 37 / 96, -1 / 360, -81 / 512, 96199 / 604800],
  [1 / 48, 1 / 15, -437 / 1440, 46 / 105, -1118711 / 3870720],
  [17 / 480, -37 / 840, -209 / 4480, 5569 / 90720],
  [4397 / 161280, -11 / 504, -830251 / 7257600],
  [4583 / 161280, -108847 / 3991680],
  [20648693 / 638668800],
]);

function series(terms: number[][]): number[] {
  return terms.map((row, j) => row.reduce((sum, c, k) => sum + c * N ** (j + 1 + k), 0));
}

export const BANDS = 'CDEFGHJKLMNPQRSTUVWX';

/** The band of a latitude, or null beyond UTM's reach (80° S to 84° N). */
export function bandOf(lat: number): string | null {
  if (lat < -80 || lat > 84) return null;
  return BANDS[Math.min(19, Math.floor((lat + 80) / 8))] ?? null;
}

export function zoneOf({ lon, lat }: LonLat): number {
  const plain = Math.min(60, Math.floor((wrap(lon) + 180) / 6) + 1);
  if (lat >= 56 && lat < 64 && plain === 31 && wrap(lon) >= 3) return 32;
  if (lat < 72 || wrap(lon) < 0 || wrap(lon) >= 42) return plain;
  return [31, 33, 35, 37][Math.floor((wrap(lon) + 3) / 12)] ?? plain;
}

const wrap = (lon: number): number => ((((lon + 180) % 360) + 360) % 360) - 180;
const meridian = (zone: number): number => zone * 6 - 183;

/** Null beyond UTM's reach. */
export function toUtm(at: LonLat): Utm | null {
  const band = bandOf(at.lat);
  if (!band) return null;
  const zone = zoneOf(at);
  const lambda = wrap(at.lon - meridian(zone)) * RAD;
  const sin = Math.sin(at.lat * RAD);
  const t = Math.sinh(Math.atanh(sin) - ECCENTRICITY * Math.atanh(ECCENTRICITY * sin));
  const xi0 = Math.atan2(t, Math.cos(lambda));
  const eta0 = Math.atanh(Math.sin(lambda) / Math.hypot(1, t));
  let [xi, eta] = [xi0, eta0];
  FORWARD.forEach((a, i) => {
    const j = 2 * (i + 1);
    xi += a * Math.sin(j * xi0) * Math.cosh(j * eta0);
    eta += a * Math.cos(j * xi0) * Math.sinh(j * eta0);
  });
  const northing = SCALE * RADIUS * xi + (at.lat < 0 ? FALSE_NORTHING : 0);
  return { zone, band, easting: FALSE_EASTING + SCALE * RADIUS * eta, northing };
}

/** `south`: the northing has the southern hemisphere's false origin. */
export function fromUtm(zone: number, south: boolean, easting: number, northing: number): LonLat {
  const xi0 = (northing - (south ? FALSE_NORTHING : 0)) / (SCALE * RADIUS);
  const eta0 = (easting - FALSE_EASTING) / (SCALE * RADIUS);
  let [xi, eta] = [xi0, eta0];
  INVERSE.forEach((b, i) => {
    const j = 2 * (i + 1);
    xi -= b * Math.sin(j * xi0) * Math.cosh(j * eta0);
    eta -= b * Math.cos(j * xi0) * Math.sinh(j * eta0);
  });
  const conformal = Math.asin(Math.sin(xi) / Math.cosh(eta));
  const lon = meridian(zone) + Math.atan2(Math.sinh(eta), Math.cos(xi)) / RAD;
  return { lon: wrap(lon), lat: geodetic(conformal) / RAD };
}

/** The latitude whose conformal latitude is given: three fixed-point steps reach the last digit. */
function geodetic(conformal: number): number {
  const psi = Math.asinh(Math.tan(conformal));
  let phi = conformal;
  for (let i = 0; i < 6; i++) {
    phi = Math.asin(Math.tanh(psi + ECCENTRICITY * Math.atanh(ECCENTRICITY * Math.sin(phi))));
  }
  return phi;
}
