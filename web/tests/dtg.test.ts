import { describe, expect, it } from 'vitest';

import { clockTime, dtg, inMinutes, offsetHours, parseDtg, zoneLetter } from '../src/lib/dtg';

const NOW = new Date('2026-11-22T14:51:30Z');
const iso = (typed: string): string | undefined => parseDtg(typed, NOW)?.toISOString();

describe('date-time groups', () => {
  it('are written day, time, zone, month, year', () => {
    expect(dtg(NOW)).toBe('221451ZNOV26');
    expect(dtg('2022-09-18T06:49:07Z')).toBe('180649ZSEP22');
  });

  it('carry the letter of the zone they are written in, with its own day', () => {
    expect(dtg(NOW, 'Asia/Tokyo')).toBe('222351INOV26');
    expect(dtg(NOW, 'Pacific/Honolulu')).toBe('220451WNOV26');
    expect(dtg('2026-11-22T20:00:00Z', 'Asia/Tokyo')).toBe('230500INOV26');
  });

  it('follow Washington between R in winter and Q in summer', () => {
    expect(dtg(NOW, 'America/New_York')).toBe('220951RNOV26');
    expect(dtg('2026-07-01T12:00:00Z', 'America/New_York')).toBe('010800QJUL26');
  });

  it('show a dash for what is not a time', () => {
    expect(dtg('soon')).toBe('—');
  });

  it('have letters for whole hours only, J never standing for a zone', () => {
    expect([0, 1, 9, 10, 12, -1, -10, -12].map(zoneLetter).join('')).toBe('ZAIKMNWY');
    expect(offsetHours('Asia/Tokyo', NOW)).toBe(9);
    expect(zoneLetter(5.5)).toBe('J');
  });

  it('tell the hour on a clock', () => {
    expect(clockTime(NOW, 'Asia/Tokyo')).toBe('23:51');
    expect(clockTime(new Date('2026-11-22T15:00:00Z'), 'Asia/Tokyo')).toBe('00:00');
  });
});

describe('a moment that a person typed', () => {
  it('is read back from its own date-time group in any zone', () => {
    for (const zone of ['UTC', 'Asia/Tokyo', 'Pacific/Honolulu', 'America/New_York']) {
      expect(iso(dtg(NOW, zone))).toBe('2026-11-22T14:51:00.000Z');
    }
  });

  it('is the nearest such day when month and year are left out', () => {
    expect(iso('221800Z')).toBe('2026-11-22T18:00:00.000Z');
    expect(iso('010600Z')).toBe('2026-12-01T06:00:00.000Z');
  });

  it('is the next time of day when the day is left out', () => {
    expect(iso('1800')).toBe('2026-11-22T18:00:00.000Z');
    expect(iso('14:00')).toBe('2026-11-23T14:00:00.000Z');
    expect(iso('0300i')).toBe('2026-11-22T18:00:00.000Z');
  });

  it('counts from now after a plus', () => {
    expect(iso('+45')).toBe('2026-11-22T15:36:30.000Z');
    expect(iso('+2h')).toBe('2026-11-22T16:51:30.000Z');
    expect(iso('+1d')).toBe('2026-11-23T14:51:30.000Z');
  });

  it('is refused when there is no such time', () => {
    for (const typed of ['', 'noon', '2500', '1860', '310000ZFEB26', '221800J', '221800ZXYZ26', '+']) {
      expect(parseDtg(typed, NOW), typed).toBeNull();
    }
  });
});

it('deadlines fall on five minutes, never earlier than asked', () => {
  expect(inMinutes(NOW, 15).toISOString()).toBe('2026-11-22T15:10:00.000Z');
  expect(inMinutes(new Date('2026-11-22T15:00:00Z'), 15).toISOString()).toBe('2026-11-22T15:15:00.000Z');
});
