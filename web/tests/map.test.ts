import { readFileSync } from 'node:fs';

import ms from 'milsymbol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Position, RecordView } from '../src/api/types';
import { CELL_PX, cluster, noCounts, sideTotal, TILE_PX } from '../src/rooms/picture/map/cluster';
import { destinations } from '../src/rooms/picture/map/destinations';
import { PAGE, PositionFeed, WHOLE_EVERY_MS } from '../src/rooms/picture/map/feed';
import { Movers, TICK_MS } from '../src/rooms/picture/map/movers';
import { hazardFeatures, plain } from '../src/rooms/picture/map/overlays';
import { mercatorX, mercatorY, positionPoint, type MapPoint } from '../src/rooms/picture/map/points';
import { LAYERS, moved, parseSettings, START } from '../src/rooms/picture/map/settings';
import { sidcOf } from '../src/rooms/picture/map/sidc';
import { NAMED_ISLANDS, PLACES } from '../src/rooms/picture/places';

const NOW = Date.parse('2026-11-22T18:00:00Z');

function position(id: string, lon: number, lat: number, version = 1, minutes = 0): RecordView<Position> {
  const observed_at = new Date(NOW - minutes * 60_000).toISOString();
  const record = { kind: 'position', id, version, at: observed_at, observed_at, name: id, geometry: { type: 'Point', coordinates: [lon, lat] } };
  return { record, at: observed_at, freshness: { ageSeconds: minutes * 60, from: '', link: null } } as unknown as RecordView<Position>;
}
const at = (id: string, lon: number, lat: number, version = 1, minutes = 0): MapPoint => positionPoint(position(id, lon, lat, version, minutes), NOW);

describe('clusters', () => {
  const many = Array.from({ length: 3000 }, (_, i) => at(`${i % 3 ? 'jp.jjoc' : 'us.usfj'}/${i}`, 123 + (i * 7919) % 1000 / 50, 24 + (i * 104729) % 1000 / 100, 1, i % 5 ? 0 : 120));

  it.each([2, 4.5, 7, 12])('at zoom %d count every symbol once, by side, kind and age', (zoom) => {
    const { singles, clusters } = cluster(many, zoom);
    const members = [...singles, ...clusters.flatMap((c) => c.members)];
    expect(new Set(members.map((p) => p.id)).size).toBe(many.length);
    expect(members).toHaveLength(many.length);
    for (const c of clusters) {
      expect(c.count).toBe(c.members.length);
      expect(c.counts.jp.positions).toBe(c.members.filter((p) => p.id.startsWith('jp')).length);
      expect(sideTotal(c.counts, 'us')).toBe(c.members.filter((p) => p.id.startsWith('us')).length);
      expect(c.stale).toBe(c.members.filter((p) => p.stale).length);
    }
  });

  it('join what lies on each other across the edge of a cell', () => {
    const px = 1 / (TILE_PX * 2 ** 8);
    const edge = Math.ceil(mercatorX(127) / (CELL_PX * px)) * CELL_PX * px;
    const two = [-3, 3].map((off, i) => ({ ...at(`jp.jjoc/${i}`, 127, 26), x: edge + off * px }));
    expect(cluster(two, 8)).toMatchObject({ singles: [], clusters: [{ count: 2 }] });
  });

  it('come apart when there is room', () => {
    const two = [at('jp.jjoc/a', 127.68, 26.21), at('us.usfj/b', 127.78, 26.35)];
    expect(cluster(two, 3).clusters).toHaveLength(1);
    expect(cluster(two, 12).singles).toHaveLength(2);
    expect(sideTotal(noCounts(), 'jp')).toBe(0);
  });
});

describe('movers', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('show a storm of changes at most ten times a second, the newest of each', () => {
    const shown: number[] = [];
    const movers = new Movers((_, changed) => shown.push(changed));
    for (let ms = 0; ms < 1000; ms += 10) {
      movers.apply(Array.from({ length: 50 }, (_, i) => at(`jp.jjoc/${i}`, 125 + ms / 1000, 25)));
      vi.advanceTimersByTime(10);
    }
    expect(shown.length).toBeLessThanOrEqual(1000 / TICK_MS + 1);
    expect(movers.points.size).toBe(50);
    vi.advanceTimersByTime(TICK_MS);
    expect(movers.points.get('jp.jjoc/7')?.lon).toBeCloseTo(125.99);
  });

  it('keep the newer of two reports whatever their order', () => {
    const movers = new Movers(() => undefined);
    movers.apply([at('jp.jjoc/a', 125, 25, 2, 0)]);
    movers.apply([at('jp.jjoc/a', 120, 20, 1, 30)]);
    vi.advanceTimersByTime(TICK_MS);
    movers.apply([at('jp.jjoc/a', 120, 20, 1, 30)]);
    vi.advanceTimersByTime(TICK_MS);
    expect(movers.points.get('jp.jjoc/a')?.lon).toBe(125);
  });

  it('drop what has gone when everything is read again, and touch nothing that is the same', () => {
    const shown: number[] = [];
    const movers = new Movers((_, changed) => shown.push(changed));
    movers.apply([at('jp.jjoc/a', 125, 25), at('jp.jjoc/b', 126, 25)]);
    vi.advanceTimersByTime(TICK_MS);
    movers.replace([at('jp.jjoc/b', 126, 25)]);
    vi.advanceTimersByTime(TICK_MS);
    expect([...movers.points.keys()]).toEqual(['jp.jjoc/b']);
    expect(shown).toEqual([2, 1]);
  });

  it('are fed whole at first and from then on only with what changed', async () => {
    const all = Array.from({ length: PAGE + 20 }, (_, i) => position(`jp.jjoc/${i}`, 125, 25));
    const asked: (string | undefined)[] = [];
    const read = (limit: number, before?: string) => {
      asked.push(before);
      const from = Number(before ?? 0);
      return Promise.resolve({ items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null });
    };
    const movers = new Movers(() => undefined);
    const feed = new PositionFeed(movers, () => new Map(), () => NOW, read);
    await feed.refresh();
    vi.advanceTimersByTime(TICK_MS);
    expect([movers.points.size, asked]).toEqual([PAGE + 20, [undefined, String(PAGE)]]);
    all.unshift(...all.splice(210, 1).map(() => position('jp.jjoc/210', 127, 26, 2)));
    await feed.refresh();
    vi.advanceTimersByTime(TICK_MS);
    expect([asked.length, movers.points.get('jp.jjoc/210')?.lon]).toEqual([3, 127]);
    vi.advanceTimersByTime(WHOLE_EVERY_MS);
    all.pop();
    await feed.refresh();
    vi.advanceTimersByTime(TICK_MS);
    expect(movers.points.size).toBe(PAGE + 19);
  });
});

describe('what is drawn', () => {
  it('is marked old by the hour, not before', () => {
    expect([at('a/b', 0, 0, 1, 59).stale, at('a/b', 0, 0, 1, 61).stale]).toEqual([false, true]);
  });

  it('has symbols that the standard knows', () => {
    const site = { site_type: 'airfield' } as never;
    const unit = { level: 'command', service: 'JMSDF' } as never;
    for (const sidc of [sidcOf.site(site), sidcOf.unit(unit, true), sidcOf.position(unit), sidcOf.position(), sidcOf.incident({ type: 'tsunami' } as never), sidcOf.merchant]) {
      expect(sidc).toMatch(/^\d{20}$/);
      expect(new ms.Symbol(sidc).isValid(), sidc).toBe(true);
    }
  });

  it('gives each region of a tsunami the grade of its own', () => {
    const hazard = {
      id: 'jp.jjoc/1', type: 'tsunami', severity: 'moderate', geometry: { type: 'Point', coordinates: [0, 0] },
      areas: [{ code: '320', severity: 'minor', category_en: 'Forecast' }, { code: '610', severity: 'severe', category_en: 'Warning' }],
    };
    const found = hazardFeatures([{ record: hazard } as never], '', 'en');
    expect(found.map((f) => [f.properties?.name, f.properties?.grade])).toEqual([['Forecast', 'notice'], ['Warning', 'grave']]);
  });

  it('is harmless whatever a name holds', () => {
    expect(plain('\u202eabc\u0000\u2066<b>')).toBe('abc  <b>');
    expect([...plain('長'.repeat(1e6))]).toHaveLength(40);
    expect(plain('🚁'.repeat(50)).endsWith('🚁…')).toBe(true);
  });
});

describe('the arrangement', () => {
  it('comes back as it was kept, and survives anything else', () => {
    const kept = { ...START, layers: moved(START.layers, 'sites', 1), form: 'dms', view: { lon: 124, lat: 24, zoom: 8 } };
    expect(parseSettings(JSON.stringify(kept))).toEqual(kept);
    for (const text of [null, '', '{', '[]', '7', '{"layers":[{"id":"evil"},null,{"id":"sites"},{"id":"sites"}],"view":{"lon":"x"}}']) {
      const { layers, view } = parseSettings(text);
      expect([layers.map((l) => l.id).sort(), view]).toEqual([[...LAYERS].sort(), null]);
    }
  });

  it('moves past its neighbour, but never past or with a locked one', () => {
    const locked = START.layers.map((l) => ({ ...l, locked: l.id === 'units' }));
    expect(moved(locked, 'sites', 1)).toEqual(locked);
    expect(moved(locked, 'units', -1)).toEqual(locked);
    expect(moved(locked, 'areas', 1).map((l) => l.id).slice(0, 3)).toEqual(['places', 'hazards', 'areas']);
    expect(moved(locked, 'positions', 1)).toEqual(locked);
  });
});

describe('names', () => {
  it('lie on their islands, from Kagoshima to Yonaguni', () => {
    const text = readFileSync(new URL('../src/generated/land.geojson', import.meta.url), 'utf8');
    const rings = (JSON.parse(text) as { features: { geometry: { coordinates: number[][][] } }[] }).features.map((f) => f.geometry.coordinates[0] ?? []);
    /** Or, for a group, within its waters: a quarter of a degree. */
    for (const { en, lon, lat } of NAMED_ISLANDS) {
      const near = / Islands$/.test(en) ? 0.25 : 0.05;
      const found = rings.some((ring) => ring.some(([x = 0, y = 0]) => Math.abs(x - lon) < near && Math.abs(y - lat) < near) || inside(ring, lon, lat));
      expect(found, en).toBe(true);
    }
  });

  it('are found in either language, however they are typed', () => {
    const first = (text: string): string | undefined => destinations(text, [])[0]?.names.en;
    expect([first('ISHIGAKIJIMA'), first('与那国'), first('52R CP 68126 99611'), first(' '), first('nowhere at all')]).toEqual(
      ['Ishigakijima', 'Yonagunijima', '52R CP 68126 99611', undefined, undefined],
    );
    expect(PLACES.every((p) => p.en && /[\u3040-\u30ff\u3400-\u9fff]/.test(p.ja))).toBe(true);
    expect(destinations('a', [at('jp.jjoc/x', 130, 30)]).length).toBeLessThanOrEqual(8);
  });
});

function inside(ring: number[][], x: number, y: number): boolean {
  let odd = false;
  ring.forEach(([ax = 0, ay = 0], i) => {
    const [bx = 0, by = 0] = ring.at(i - 1) ?? [];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  });
  return odd;
}

it('puts places where web Mercator does', () => {
  expect([mercatorX(-180), mercatorX(180), mercatorY(0)]).toEqual([0, 1, 0.5]);
  expect(mercatorY(85.0511287798)).toBeCloseTo(0, 4);
});
