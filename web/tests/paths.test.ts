import { describe, expect, it } from 'vitest';

import type { PathDescription, PathDifference, PathStand, PathView } from '../src/api/types';
import { en } from '../src/i18n/en';
import { ja } from '../src/i18n/ja';
import { BOX, duration, LANE, layout } from '../src/rooms/planning/paths/lanes';
import { around, busy, ecdf, quantile, scale, swept, ticks } from '../src/rooms/planning/paths/plots';
import { duty, tick, time } from '../src/rooms/planning/paths/say';
import { asked, queryOf } from '../src/rooms/planning/paths/url';
import { kneeSaid, verdict } from '../src/rooms/planning/paths/verdicts';

const name = (en: string) => ({ en, ja: en });
const work = { mean: 10 };
const described: PathDescription = {
  title: name('t'),
  kinds: [{ key: 'k', name: name('k'), per_day: 1 }],
  today: {
    posts: [
      { key: 'a', name: name('A'), unit: name('One'), nation: 'jp' },
      { key: 'b', name: name('B'), unit: name('Two'), nation: 'us' },
      { key: 'c', name: name('C'), unit: name('One'), nation: 'jp' },
      { key: 'd', name: name('D'), unit: name('Two'), nation: 'us' },
      { key: 'unused', name: name('U') },
    ],
    paths: {
      k: [
        { key: 's', post: 'a', work },
        { key: 'x', post: 'b', work, after: ['s'] },
        { key: 'y', post: 'b', work, after: ['s'] },
        { key: 'end', post: 'c', work, after: ['x', 'y'], stand_in: ['d'] },
      ],
    },
  },
  proposed: { posts: [], paths: {} },
};
const timed = [['s', 0, 10, true, 'a'], ['x', 10, 20, false, 'b'], ['y', 10, 30, true, 'b'], ['end', 30, 40, true, 'd']] as const;
const view = { kind: 'k', single_points: ['a', 'b'], timed: timed.map(([step, ready, done, critical, by]) => ({ step, ready, done, critical, by })) } as unknown as PathView;

describe('swim lanes', () => {
  const drawn = layout(described, 'today', view);

  it('have a lane for each post that acts or stands in, those of one headquarters beside each other', () => {
    expect(drawn.lanes.map((l) => l.post.key)).toEqual(['a', 'c', 'b', 'd']);
    expect(drawn.lanes.map((l) => l.single)).toEqual([true, false, true, false]);
    expect(drawn.height).toBe(4 * LANE);
  });

  it('keep steps apart: none covers another, and each comes after what it waits for', () => {
    for (const one of drawn.boxes)
      for (const other of drawn.boxes)
        if (one !== other) expect(Math.abs(one.x - other.x) >= BOX.width || Math.abs(one.y - other.y) >= BOX.height).toBe(true);
    const x = Object.fromEntries(drawn.boxes.map((b) => [b.step.key, b.x]));
    expect((x.s ?? 0) < (x.x ?? 0) && (x.x ?? 0) < (x.y ?? 0) && (x.y ?? 0) < (x.end ?? 0)).toBe(true);
    expect(Math.max(...drawn.boxes.map((b) => b.x + BOX.width))).toBeLessThan(drawn.width);
  });

  it('say of each step by whom it is done, its post or who stands in', () => {
    expect(drawn.boxes.map((b) => [b.step.post, b.by])).toEqual([['a', 'a'], ['b', 'b'], ['b', 'b'], ['c', 'd']]);
  });

  it('draw the critical path and borders on the arrows they are on', () => {
    const arrows = Object.fromEntries(drawn.arrows.map((a) => [a.key, [a.critical, a.border]]));
    expect(arrows).toEqual({ 's>x': [false, true], 's>y': [true, true], 'x>end': [false, true], 'y>end': [true, true] });
  });
});

describe('plots', () => {
  it('put values where they belong', () => {
    const x = scale([0, 10], [100, 200]);
    expect([x(0), x(5), x(10)]).toEqual([100, 150, 200]);
    expect(scale([3, 3], [0, 1])(3)).toBe(0);
  });

  it('mark round times only, within the range, zero among them', () => {
    expect(ticks(0, 1500, 6)).toEqual([0, 360, 720, 1080, 1440]);
    expect(ticks(-90, 30, 6)).toEqual([-90, -60, -30, 0, 30]);
    for (const high of [1, 77, 1000, 123_456, 9e8]) expect(ticks(0, high, 5).length).toBeLessThanOrEqual(6);
  });

  it('draw a distribution from left to right and upwards', () => {
    expect(ecdf([1, 2], [0.5, 1], (v) => v * 10, (v) => 100 - v * 100)).toBe('M10.0 50.0L20.0 0.0');
    expect(ecdf([], [], (v) => v, (v) => v)).toBe('');
    expect(quantile([1, 2, 3], [0.25, 0.5, 0.75], 0.5)).toBe(2);
  });

  it('always show zero beside an interval', () => {
    const [low, high] = around([{ low: 5, high: 9, each: [4, 11] } as unknown as PathDifference]);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(11);
  });

  const stand = { busy: { p: 0.4, q: 0.9 }, sweep: [{ load: 0.5, minutes: 10, low: 9, high: 11 }, { load: 1, minutes: 21, low: 15, high: 30 }, { load: 2, minutes: null, low: null, high: null }], knee: 1, knees: [1, 2, 1] } as unknown as PathStand;

  it('stop a load line where work cannot be kept up', () => {
    expect(swept(stand)).toEqual({ points: [{ load: 0.5, minutes: 10, low: 9, high: 11 }, { load: 1, minutes: 21, low: 15, high: 30 }], broken: 2 });
    expect(kneeSaid(stand, 'Today', en.paths)).toContain('×1 (×1 to ×2 over the seeds)');
  });

  it('list the busiest post first and posts that only one structure has', () => {
    expect(busy(stand, { busy: { p: 0.1, r: 0.95 } } as unknown as PathStand)).toEqual([
      { post: 'r', today: null, proposed: 0.95 },
      { post: 'q', today: 0.9, proposed: null },
      { post: 'p', today: 0.4, proposed: 0.1 },
    ]);
  });
});

describe('what is said', () => {
  const difference = { kind: 'k', mean: -90, low: -100, high: -80, winner: 'proposed', each: [] } as unknown as PathDifference;

  it('names who is sooner, or that nobody can be named, in both languages', () => {
    expect(verdict(difference, 'Relief', '95 %', en.paths)).toBe('Relief: Proposed decides sooner, by 1 h 30 min on average (95 % interval −1 h 40 min to −1 h 20 min).');
    const open = { ...difference, low: -100, high: 80, winner: 'none' } as PathDifference;
    expect(verdict(open, 'Relief', '95 %', en.paths)).toContain('no winner can be named');
    expect(verdict(open, 'Relief', '95 %', ja.paths)).toContain('優劣は判定できません');
  });

  it('tells times in two units and axes in one', () => {
    expect(duration(59.6)).toEqual({ days: 0, hours: 1, minutes: 0 });
    expect(duration(1439.9)).toEqual({ days: 1, hours: 0, minutes: 0 });
    expect([time(0, en.paths), time(1500, en.paths), time(-61, en.paths)]).toEqual(['0 min', '1 d 1 h', '−1 h 1 min']);
    expect([tick(2880, 1440, en.paths), tick(-90, 30, en.paths), tick(120, 60, ja.paths)]).toEqual(['2 d', '−90 min', '2 時間']);
  });

  it('draws days of duty together', () => {
    const post = (days: number[]) => ({ key: 'p', name: name('p'), duty: { days, from: '08:00', to: '17:00', utc_offset: -10 } });
    expect(duty(post([0, 1, 2, 3, 4]), en.paths)).toBe('Mon–Fri 08:00–17:00 UTC−10');
    expect(duty(post([5, 6, 0]), en.paths)).toBe('Mon Sat Sun 08:00–17:00 UTC−10');
    expect(duty({ key: 'p', name: name('p') }, ja.paths)).toBe('常時勤務');
  });

  it('is in the address, without what is usual', () => {
    const given = asked(new URLSearchParams('from=reference&kind=relief&seed=7&runs=x&simulated=1'));
    expect(given).toEqual({ from: 'reference', kind: 'relief', seed: 7, runs: 20, requests: 500, simulated: true, log: false });
    expect(queryOf(given)).toBe('?from=reference&kind=relief&seed=7&simulated=1');
    expect(asked(new URLSearchParams('from=elsewhere')).from).toBe('');
  });
});
