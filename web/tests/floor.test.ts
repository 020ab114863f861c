import { describe, expect, it } from 'vitest';

import type { Commitment, DutyPost } from '../src/api/types';
import { dutyIn, dutyTimes, offsetThen, onDuty } from '../src/lib/duty';
import { ZONES, type Zone } from '../src/lib/dtg';
import { lateness } from '../src/lib/offers';
import { fit, found, type Entry } from '../src/lib/palette';
import { hoursOf, marksOf, placeOf, spanOf, type Moment } from '../src/lib/timeline';
import { windowOf } from '../src/lib/window';

const HOUR = 3_600_000;

describe('a long list', () => {
  it('draws what is in sight and a little beyond, wherever it stands', () => {
    expect(windowOf(5000, 100, 0, 600)).toEqual({ from: 0, to: 12 });
    expect(windowOf(5000, 100, 250_000, 600)).toEqual({ from: 2494, to: 2512 });
    expect(windowOf(5000, 100, 499_400, 600)).toEqual({ from: 4988, to: 5000 });
  });

  it('draws all of a short one and nothing of an empty one', () => {
    expect(windowOf(3, 100, 0, 600)).toEqual({ from: 0, to: 3 });
    expect(windowOf(0, 100, 0, 600)).toEqual({ from: 0, to: 0 });
    expect(windowOf(3, 100, 90_000, 600)).toEqual({ from: 3, to: 3 });
  });
});

describe('when duty changes', () => {
  const when = new Date('2026-11-23T08:00:00Z');

  it('reads as the clocks in Tokyo and in Hawaii do, and first as the post\'s own', () => {
    expect(dutyTimes(when, 9)).toBe('17:00I · 22:00W');
    expect(dutyTimes(when, -10)).toBe('22:00W · 17:00I');
    expect(dutyTimes(when, 8)).toBe('16:00H · 17:00I · 22:00W');
    expect(dutyTimes(when, null)).toBe('17:00I · 22:00W');
  });

  it('goes by the clock of a zone on both sides of the hour at which it changes, and else by what the node told', () => {
    expect(offsetThen('America/New_York', new Date('2027-03-14T06:59:00Z'), -4)).toBe(-5);
    expect(offsetThen('America/New_York', new Date('2027-03-14T07:00:00Z'), -5)).toBe(-4);
    expect(offsetThen('America/New_York', new Date('2027-11-07T06:00:00Z'), -4)).toBe(-5);
    expect(offsetThen('Nowhere/At_All', when, 3)).toBe(3);
    expect(offsetThen('', when, -10)).toBe(-10);
  });

  it('tells a zone off the hour by its offset, for it has no letter', () => {
    expect(dutyTimes(when, 5.5)).toBe('13:30 UTC+5.5 · 17:00I · 22:00W');
    expect(dutyTimes(when, -9.5)).toBe('22:30 UTC-9.5 · 17:00I · 22:00W');
  });
});

describe('recorded duty', () => {
  const post = (utc_offset: number | null, on_duty: boolean | null, zone = ''): DutyPost =>
    ({ post: 'p', names: { en: 'P' }, unit: 'U', nation: 'n', holder: '', functions: [], answers: [], hours: 'h', utc_offset, on_duty, changes_at: null, zone }) as DutyPost;
  const [, tokyo, hawaii, washington] = ZONES as [Zone, Zone, Zone, Zone];

  it('shows by the clock its hours go by, and only where somebody has said', () => {
    const posts = [post(9, true), post(9, false), post(9, null), post(-10, false), post(null, true)];
    const now = new Date('2027-07-05T15:00:00Z');
    expect(dutyIn(tokyo, posts, now)).toMatchObject({ on: [{ on_duty: true }], of: 2 });
    expect(dutyIn(hawaii, posts, now)).toEqual({ on: [], of: 1 });
    expect(dutyIn(washington, posts, now)).toBeNull();
  });

  it('stays in Washington when its clock changes', () => {
    const posts = [post(-5, true, 'America/New_York')];
    for (const at of ['2027-03-14T06:59:00Z', '2027-03-14T07:00:00Z']) expect(dutyIn(washington, posts, new Date(at))?.of).toBe(1);
  });
});

describe('the timeline', () => {
  const now = Date.parse('2026-11-22T10:30:00Z');
  const span = spanOf(now, 4);
  const moment = (minutes: number, title = 'x'): Moment => ({ at: now + minutes * 60_000, kind: 'event', title: () => title, href: '#/' });

  it('shows the past and a quarter as much ahead', () => {
    expect(placeOf(now, span)).toBeCloseTo(0.8);
    expect(hoursOf(span, 10).map((h) => (h - now) / HOUR)).toEqual([-3.5, -2.5, -1.5, -0.5, 0.5]);
    expect(hoursOf(span, 3)).toHaveLength(2);
  });

  it('makes one mark of moments that would cover each other, oldest first, and leaves out the rest', () => {
    const marks = marksOf([moment(-10, 'b'), moment(-11, 'a'), moment(-100), moment(-1000), moment(1000)], span, 0.02);
    expect(marks.map((m) => m.all.map((one) => one.title()))).toEqual([['x'], ['a', 'b']]);
  });
});

describe('office hours', () => {
  const [, tokyo, hawaii, washington] = ZONES;
  it('are each place\u2019s own, without weekends', () => {
    const monday = new Date('2026-11-23T00:30:00Z'); // 0930 Monday in Tokyo, Sunday in Hawaii and Washington
    expect([tokyo, hawaii, washington].map((z) => z && onDuty(z, monday))).toEqual([true, false, false]);
    const night = new Date('2026-11-23T19:00:00Z'); // 0400 Tuesday, 0900 Monday, 1400 Monday
    expect([tokyo, hawaii, washington].map((z) => z && onDuty(z, night))).toEqual([false, true, true]);
  });
});

describe('the palette', () => {
  const entry = (text: string): Entry => ({ key: text, group: 'action', text, run: () => undefined });
  it('needs every word and prefers beginnings', () => {
    expect(fit('New request', 'req new')).not.toBeNull();
    expect(fit('New request', 'req task')).toBeNull();
    const all = ['Prerequest', 'New request', 'Request'].map(entry);
    expect(found(all, 'request', 9).map((e) => e.text)).toEqual(['Request', 'New request', 'Prerequest']);
  });
  it('reads wide and narrow letters alike, and offers everything to who typed nothing', () => {
    expect(fit('ﾎﾞｰﾄﾞ', 'ボード')).not.toBeNull();
    expect(found(['a', 'b', 'c'].map(entry), ' ', 2).map((e) => e.text)).toEqual(['a', 'b']);
  });
});

describe('a promise', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');
  const promise = (more: Partial<Commitment>): Commitment => ({ at: '2026-11-22T09:00:00Z', available_from: '2026-11-22T09:30:00Z', available_until: '2026-11-22T12:00:00Z', ...more }) as Commitment;
  it('is late when not begun in time, or not done within its window', () => {
    expect(lateness(promise({}), now)).toBe('begin');
    expect(lateness(promise({ state: 'under way' }), now)).toBeNull();
    expect(lateness(promise({ state: 'under way' }), now + 3 * HOUR)).toBe('end');
    expect(lateness(promise({ state: 'done', at: '2026-11-22T11:00:00Z' }), now + 9 * HOUR)).toBeNull();
    expect(lateness(promise({ state: 'done', at: '2026-11-22T13:00:00Z' }), now + 9 * HOUR)).toBe('end');
    expect(lateness(promise({ state: 'cancelled' }), now + 9 * HOUR)).toBeNull();
  });
});
