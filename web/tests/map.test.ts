import { readFileSync } from 'node:fs';

import ms from 'milsymbol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Position, RecordView } from '../src/api/types';
import { boxOf, centreOf } from '../src/lib/geo';
import { transform } from '../src/rooms/picture/map/camera';
import { apart, CELL_PX, type Cluster, cluster, clusterOf, countOf, noCounts, sideCount, sideTotal, TILE_PX } from '../src/rooms/picture/map/cluster';
import { Columns, GONE, NO_LEAD } from '../src/rooms/picture/map/columns';
import { destinations } from '../src/rooms/picture/map/destinations';
import { PAGE, PositionFeed, WHOLE_EVERY_MS } from '../src/rooms/picture/map/feed';
import { Movers, TICK_MS } from '../src/rooms/picture/map/movers';
import { hazardFeatures, plain } from '../src/rooms/picture/map/overlays';
import { Pace } from '../src/rooms/picture/map/pace';
import { incidentPoints, mercatorX, mercatorY, positionPoint, type MapPoint } from '../src/rooms/picture/map/points';
import { Roster } from '../src/rooms/picture/map/roster';
import { LAYERS, moved, parseSettings, START } from '../src/rooms/picture/map/settings';
import { sidcOf } from '../src/rooms/picture/map/sidc';
import { over, Sheet, stampOf } from '../src/rooms/picture/map/stamps';
import { lines, Taken } from '../src/rooms/picture/map/wording';
import { NAMED_ISLANDS, PLACES } from '../src/rooms/picture/places';

const NOW = Date.parse('2026-11-22T18:00:00Z');

function position(id: string, lon: number, lat: number, version = 1, minutes = 0): RecordView<Position> {
  const observed_at = new Date(NOW - minutes * 60_000).toISOString();
  const record = { kind: 'position', id, version, at: observed_at, observed_at, name: id, geometry: { type: 'Point', coordinates: [lon, lat] } };
  return { record, at: observed_at, freshness: { ageSeconds: minutes * 60, from: '', link: null } } as unknown as RecordView<Position>;
}
const at = (id: string, lon: number, lat: number, version = 1, minutes = 0): MapPoint => positionPoint(position(id, lon, lat, version, minutes), NOW);

const ALL = [true, true, true, true];
const sprites = { of: (p: MapPoint) => (p.stale ? 1 : 0), leader: (course: number) => 100 + course };

/** As the worker has them, and how the page reads what it says of them. */
function told(points: readonly MapPoint[]) {
  const [roster, columns] = [new Roster(), new Columns()];
  for (const p of points) roster.put(p);
  const pass = (): void => {
    const changes = roster.take(sprites);
    if (changes) columns.apply(changes);
  };
  pass();
  return { roster, columns, pass };
}
function lying(points: readonly MapPoint[], zoom: number, shown = ALL): { singles: MapPoint[]; clusters: Cluster[] } {
  const { roster, columns } = told(points);
  const found = cluster(columns, shown, zoom);
  const all = (slots: Uint32Array): MapPoint[] => roster.all(slots);
  return { singles: all(found.singles), clusters: [...found.keys.keys()].map((i) => clusterOf(found, i, all)) };
}

describe('clusters', () => {
  const many = Array.from({ length: 3000 }, (_, i) => at(`${i % 3 ? 'jp.jjoc' : 'us.usfj'}/${i}`, 123 + (i * 7919) % 1000 / 50, 24 + (i * 104729) % 1000 / 100, 1, i % 5 ? 0 : 120));

  it.each([2, 4.5, 7, 12])('at zoom %d count every symbol once, by side, kind and age', (zoom) => {
    const { singles, clusters } = lying(many, zoom);
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
    expect(lying(two, 8)).toMatchObject({ singles: [], clusters: [{ count: 2 }] });
  });

  it('come apart when there is room', () => {
    const two = [at('jp.jjoc/a', 127.68, 26.21), at('us.usfj/b', 127.78, 26.35)];
    expect(lying(two, 3).clusters).toHaveLength(1);
    expect(lying(two, 12).singles).toHaveLength(2);
    expect(sideTotal(noCounts(), 'jp')).toBe(0);
  });

  it('leave out layers that are hidden', () => {
    expect(lying(many, 5, [true, true, true, false])).toEqual({ singles: [], clusters: [] });
    expect(apart(told(many).columns, ALL).singles).toHaveLength(many.length);
  });

  it('say their counts in numbers as they do by name', () => {
    const { columns, roster } = told(many);
    const found = cluster(columns, ALL, 5);
    for (const i of found.keys.keys()) {
      const { count, counts } = clusterOf(found, i, (slots) => roster.all(slots));
      expect([countOf(found, i), sideCount(found, i, 0), sideCount(found, i, 1)]).toEqual([count, sideTotal(counts, 'jp'), sideTotal(counts, 'us')]);
    }
  });
});

describe('movers', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  it('show a storm of changes at most ten times a second, the newest of each', () => {
    const shown: number[] = [];
    const movers = new Movers((changes) => shown.push(changes.size));
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
    const movers = new Movers((changes) => shown.push(changes.size));
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

describe('what the worker is told', () => {
  it('is what changed and nothing else', () => {
    const { roster, columns } = told([at('jp.jjoc/a', 125, 25), at('us.usfj/b', 126, 26, 1, 90)]);
    expect([columns.size, columns.cell[1], columns.lead[0]]).toEqual([2, 1, NO_LEAD]);
    expect(roster.take(sprites)).toBeNull();
    roster.put({ ...at('us.usfj/b', 127, 27, 2), course: 75 });
    const changes = roster.take(sprites);
    expect([[...(changes?.slots ?? [])], changes?.leads[0]]).toEqual([[1], 175]);
    expect(changes?.xy[1]).toBe(mercatorY(27));
  });

  it('uses a place again only when the worker knows that what was there has gone', () => {
    const { roster, columns, pass } = told([at('jp.jjoc/a', 125, 25)]);
    roster.drop('jp.jjoc/a');
    roster.put(at('jp.jjoc/b', 126, 25));
    expect([roster.slot('jp.jjoc/a'), roster.slot('jp.jjoc/b'), roster.all([0, 1]).map((p) => p.id)]).toEqual([-1, 1, ['jp.jjoc/b']]);
    pass();
    expect(columns.kind[0]).toBe(GONE);
    pass();
    roster.put(at('jp.jjoc/c', 127, 25));
    expect(roster.slot('jp.jjoc/c')).toBe(0);
  });

  it('is a whole layer when a list is read anew, and every symbol when they are drawn anew', () => {
    const { roster, pass } = told([at('jp.jjoc/a', 125, 25), at('jp.jjoc/b', 126, 25)]);
    roster.replace('positions', [at('jp.jjoc/b', 126, 26, 2)]);
    expect(roster.take(sprites)?.slots).toHaveLength(2);
    pass();
    roster.again();
    expect(roster.take(sprites)?.slots).toHaveLength(1);
  });

  it('grows with the number of symbols', () => {
    const many = Array.from({ length: 5000 }, (_, i) => at(`jp.jjoc/${i}`, 120 + i / 1000, 25));
    const { columns } = told(many);
    expect([columns.size, columns.x[4999], columns.kind[5000]]).toEqual([5000, mercatorX(124.999), GONE]);
  });
});

describe('pictures put onto pixels', () => {
  const RED = 0xff0000ff;
  const HALF = 0x80ff0000;

  it('lie where their middle is, up to the edge and not beyond', () => {
    const sheet = new Sheet(10, 6, 4);
    const stamp = stampOf(Uint32Array.from([RED, RED, RED, 0]), 2, { left: 0, top: 0, width: 2, height: 2 }, sheet.across);
    for (const [x, y] of [[0, 0], [9, 5]] as const) sheet.put(stamp, x, y);
    expect([sheet.pixel(0, 0), sheet.pixel(-1, -1), sheet.pixel(9, 4), sheet.pixel(9, 5)]).toEqual([0, RED, RED, 0]);
    expect([sheet.holds(-2, 0), sheet.holds(-3, 0), sheet.holds(11, 7), sheet.holds(12, 0)]).toEqual([true, false, true, false]);
    sheet.clear();
    expect(sheet.pixel(9, 4)).toBe(0);
  });

  it('let through what is below as far as they are transparent', () => {
    expect(over(HALF, 0)).toBe(HALF);
    expect(over(RED, HALF)).toBe(RED);
    const mixed = over(HALF, RED);
    expect([mixed >>> 24, Math.abs(((mixed >>> 16) & 255) - 128) <= 2, Math.abs((mixed & 255) - 127) <= 2]).toEqual([255, true, true]);
    expect(over(HALF, HALF) >>> 24).toBe(192);
  });
});

describe('words on the map', () => {
  const width = (text: string): number => [...text].length;

  it('are broken between words, and Japanese between characters', () => {
    expect(lines('Maritime Patrol Aircraft 7', 12, width)).toEqual(['Maritime', 'Patrol', 'Aircraft 7']);
    expect(lines('海上自衛隊哨戒機 P-1', 5, width)).toEqual(['海上自衛隊', '哨戒機', 'P-1']);
    expect(lines('Unbreakable', 3, width)).toEqual(['Unbreakable']);
    expect(lines('  ', 3, width)).toEqual([]);
  });

  it('find what is taken', () => {
    const taken = new Taken();
    taken.add(10, 10, 8, 4);
    expect([taken.free(10, 13, 8, 4), taken.free(10, 14, 8, 4), taken.free(17, 10, 8, 4), taken.free(18, 10, 8, 4)]).toEqual([false, true, false, true]);
  });
});

describe('the pace of drawing', () => {
  it('knows no rest where nothing is held up, and rests by what it cost where something is', () => {
    let now = 0;
    const frames: (() => void)[] = [];
    const step = (ms: number): void => {
      now += ms;
      for (const then of frames.splice(0)) then();
    };
    const pace = new Pace(3, 500, (then) => frames.push(then), () => now);
    pace.drawn(0);
    expect(pace.wait).toBe(0);
    step(16);
    step(16);
    expect([pace.wait, pace.slow]).toEqual([0, false]);
    pace.drawn(0);
    step(70);
    step(70);
    expect([pace.wait, pace.slow]).toEqual([300, true]);
    now += 300;
    pace.drawn(0);
    expect(pace.wait).toBe(Infinity);
    step(900);
    step(900);
    expect(pace.wait).toBe(500);
  });

  it('moves the last picture with the camera meanwhile', () => {
    const from = { x: 0.5, y: 0.5, zoom: 4 };
    expect(transform(from, from)).toBe('');
    expect(transform(from, { x: 0.5 + 10 / (TILE_PX * 32), y: 0.5, zoom: 5 })).toBe('translate(-10px, 0px) scale(2)');
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
    const [shapes, names] = [found.filter((f) => !f.properties?.name), found.filter((f) => f.properties?.name)];
    expect(shapes.map((f) => f.properties?.grade)).toEqual(['notice', 'grave']);
    expect(names.map((f) => [f.properties?.name, f.properties?.grade])).toEqual([['Forecast', 'notice'], ['Warning', 'grave']]);
    // Each name at its region's southern edge, where no symbol of the middle covers it.
    const south = (f: { geometry: unknown }): number => boxOf([f.geometry as never], 0)?.south ?? NaN;
    expect(names.map(south)).toEqual(shapes.map(south));
  });

  it('shows an incident where its hazard is gravest', () => {
    const hazard = {
      id: 'jp.jjoc/1', type: 'tsunami', status: 'in force', geometry: { type: 'Point', coordinates: [0, 0] },
      areas: [{ code: '320', severity: 'minor' }, { code: '610', severity: 'severe' }],
    };
    const shown = (record: object): number[][] =>
      incidentPoints([{ freshness: { ageSeconds: 0 }, record: { id: 'jp.jjoc/2', status: 'open', hazards: ['jp.jjoc/1'], title: { text: 'x', lang: 'en' } } } as never], [{ record } as never]).map((p) => [p.lon, p.lat]);
    const [[lon = 0, lat = 0] = []] = shown(hazard);
    const [there] = hazardFeatures([{ record: hazard } as never], '', 'en').filter((f) => f.properties?.grade === 'grave');
    expect([lon, lat]).toEqual(centreOf(there?.geometry as never));
    expect(shown({ ...hazard, areas: [] })).toEqual([[0, 0]]);
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
    const rings = (JSON.parse(text) as { features: { geometry: { type: string; coordinates: number[][][] } }[] }).features.filter((f) => f.geometry.type === 'Polygon').map((f) => f.geometry.coordinates[0] ?? []);
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
