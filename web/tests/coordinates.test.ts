import { describe, expect, it } from 'vitest';

import { FORMS, formatted, parseCoordinate } from '../src/lib/coordinates';
import { along, leg } from '../src/lib/geodesic';
import { fromMgrs, toMgrs } from '../src/lib/mgrs';
import { fromUtm, toUtm, zoneOf } from '../src/lib/utm';

/** As PROJ 9 (through pyproj) and GEOTRANS (through the Python package mgrs) give them. */
const KNOWN = [
  { lon: 127.68, lat: 26.21, zone: 52, easting: 368126.071, northing: 2899611.348, mgrs: '52R CP 68126 99611' },
  { lon: 139.75, lat: 35.68, zone: 54, easting: 386884.202, northing: 3949176.473, mgrs: '54S UE 86884 49176' },
  { lon: -157.95, lat: 21.35, zone: 4, easting: 608873.343, northing: 2361247.117, mgrs: '4Q FJ 08873 61247' },
  { lon: 131.9, lat: 43.1, zone: 52, easting: 735997.363, northing: 4776002.354, mgrs: '52T GN 35997 76002' },
  { lon: 18.06, lat: -33.9, zone: 34, easting: 228134.208, northing: 6245039.366, mgrs: '34H BH 28134 45039' },
  { lon: 5.3, lat: 60.4, zone: 32, easting: 296191.547, northing: 6701684.475, mgrs: '32V KN 96191 01684' },
  { lon: 15, lat: 78, zone: 33, easting: 500000, northing: 8658369.586, mgrs: '33X WG 00000 58369' },
];

describe('UTM and MGRS', () => {
  it.each(KNOWN)('agree with PROJ and GEOTRANS at $lat, $lon', ({ lon, lat, zone, easting, northing, mgrs }) => {
    const utm = toUtm({ lon, lat });
    expect(utm?.zone).toBe(zone);
    expect(utm?.easting).toBeCloseTo(easting, 2);
    expect(utm?.northing).toBeCloseTo(northing, 2);
    expect(toMgrs({ lon, lat })?.replace(/^0/, '')).toBe(mgrs);
    const back = fromUtm(zone, lat < 0, easting, northing);
    expect(back.lon).toBeCloseTo(lon, 7);
    expect(back.lat).toBeCloseTo(lat, 7);
  });

  it('come back to within the metre they name, wherever they name it', () => {
    for (let lat = -79.5; lat < 84; lat += 3.7) {
      for (let lon = -179.9; lon < 180; lon += 7.3) {
        const at = fromMgrs(toMgrs({ lon, lat }) ?? '');
        expect(at && leg(at, { lon, lat }).metres, `${lat} ${lon}`).toBeLessThan(1);
      }
    }
  });

  it('keep the zones of Norway and Svalbard, and stop before the poles', () => {
    expect([zoneOf({ lon: 5, lat: 60 }), zoneOf({ lon: 5, lat: 65 })]).toEqual([32, 31]);
    expect([8, 20, 32, 41].map((lon) => zoneOf({ lon, lat: 75 }))).toEqual([31, 33, 35, 37]);
    expect([toUtm({ lon: 0, lat: 84.1 }), toMgrs({ lon: 0, lat: -80.1 })]).toEqual([null, null]);
  });

  it('take any even number of figures and cut, never round', () => {
    expect(toMgrs({ lon: 127.68, lat: 26.21 }, 3)).toBe('52R CP 681 996');
    const square = fromMgrs('52RCP');
    expect(square && leg(square, { lon: 127.68, lat: 26.21 }).metres).toBeLessThan(71_000);
  });
});

describe('what is typed as a coordinate', () => {
  const naha = { lon: 127.68, lat: 26.21 };
  it.each([
    '52RCP6812699611', '52r cp 68126 99611', '52R 368126 2899611', '52R 368126mE 2899611mN', '26.21, 127.68', '26.21 127.68',
    'N26.21 E127.68', '26.21N 127.68E', 'E127.68, N26.21', "26°12'36\"N 127°40'48\"E", '26°12′36.0″N 127°40′48.0″E',
    '26 12 36 127 40 48', '26 12 36N, 127 40 48E', '北緯26度12分36秒 東経127度40分48秒', '２６．２１，１２７．６８',
  ])('is read: %s', (text) => {
    const at = parseCoordinate(text);
    expect(at && leg(at, naha).metres).toBeLessThan(2);
  });

  it.each(['', 'Naha', '那覇', '1', '91, 10', '10, 181', '52RIP6812699611', '61RCP11', '52RCP123', 'N26 N127', '26 61 00 127 40 48', '--1, 2', '1..2, 3', 'x'.repeat(1e6)])(
    'is not taken for one: %.40s',
    (text) => expect(parseCoordinate(text)).toBeNull(),
  );

  it('is shown so that it reads back', () => {
    for (const at of [naha, { lon: -70.5, lat: -33.25 }, { lon: 179.99999, lat: 0 }]) {
      for (const form of FORMS) {
        const back = parseCoordinate(formatted(at, form));
        expect(back && leg(back, at).metres, formatted(at, form)).toBeLessThan(3);
      }
    }
  });

  it('carries minutes and seconds over', () => {
    expect(formatted({ lon: 127.99999999, lat: -0.5 }, 'dms')).toBe('0°30′00.0″S 128°00′00.0″E');
  });
});

describe('distance and bearing', () => {
  it.each([
    [139.75, 35.68, 127.68, 26.21, 230.94881, 1557266.439],
    [123.0, 24.45, 130.55, 31.6, 41.4182, 1085170.029],
    [139.35, 35.75, -157.95, 21.35, 86.74915, 6235010.081],
    [0, 0, 0, 1, 0, 110574.389],
    [179.5, 10, -179.5, -10, 177.104, 2214481.072],
  ])('agree with PROJ from %d %d to %d %d', (lon, lat, lon2, lat2, bearing, metres) => {
    const found = leg({ lon, lat }, { lon: lon2, lat: lat2 });
    expect(found.metres).toBeCloseTo(metres, 2);
    expect(found.bearing).toBeCloseTo(bearing, 4);
  });

  it('are something between antipodes, where the series does not converge', () => {
    const found = leg({ lon: 0, lat: 0 }, { lon: 179.7, lat: 0.3 });
    expect(found.metres / 19965251.409).toBeCloseTo(1, 2);
  });

  it('follow the shorter way over the date line', () => {
    const way = along({ lon: 179, lat: 20 }, { lon: -179, lat: 20 }, 4);
    expect(way.map((p) => Math.round(p.lon * 10) / 10)).toEqual([179, 179.5, 180, 180.5, 181]);
  });
});
