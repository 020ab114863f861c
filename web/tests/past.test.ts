import { readFileSync } from 'node:fs';

import { afterEach, describe, expect, it, vi } from 'vitest';

import * as client from '../src/api/client';
import { lensOf, onlyAsks, searchOf, tellsOfThePast, through } from '../src/api/lens';
import { momentTyped, placed, spanAround, spanOf, stepOf } from '../src/lib/timeline';

const AT = Date.parse('2026-11-22T14:51:00Z');
const lens = { at: AT, knownTo: '' };

type Described = { paths: Record<string, Partial<Record<string, { parameters?: { name: string }[] }>>> };
const described = JSON.parse(readFileSync(new URL('../src/generated/openapi.json', import.meta.url), 'utf8')) as Described;

describe('what is read through a moment', () => {
  const reads = Object.entries(described.paths).flatMap(([where, { get }]) => (get ? [{ where: where.replace('/api/v1', '').replace(/\{\w+\}/g, 'x'), past: Boolean(get.parameters?.some((p) => p.name === 'asOf')) }] : []));

  it.each(reads)('$where is what the node says it is: $past', ({ where, past }) => {
    expect(tellsOfThePast(where)).toBe(past);
    expect(tellsOfThePast(where + '?limit=5')).toBe(past);
  });

  it('keeps what was asked and adds the moment, and whose knowledge', () => {
    expect(through(null, '/records')).toBe('/records');
    expect(through(lens, '/records?limit=5')).toBe('/records?limit=5&asOf=2026-11-22T14%3A51%3A00.000Z');
    expect(through({ at: AT, knownTo: 'us.usfj' }, '/tasks')).toContain('knownTo=us.usfj');
    expect(through(lens, '/session')).toBe('/session');
  });

  it('stands in the address and comes back from it', () => {
    const both = { at: AT, knownTo: 'us.usfj' };
    expect(lensOf(searchOf(both))).toEqual(both);
    expect(lensOf('?asOf=yesterday')).toBeNull();
    expect(searchOf(null)).toBe('');
  });
});

describe('the client at a moment past', () => {
  afterEach(() => {
    client.lookThrough(null, () => undefined);
    vi.unstubAllGlobals();
  });
  const answering = (...answers: Response[]): ReturnType<typeof vi.fn> => {
    const fetched = vi.fn(() => Promise.resolve(answers.length > 1 ? (answers.shift() as Response) : (answers[0] as Response).clone()));
    vi.stubGlobal('fetch', fetched);
    return fetched;
  };
  const building = (): Response => new Response(JSON.stringify({ code: 'past.building' }), { status: 503 });

  it('asks again while the node works that moment out, and counts what it waits for', async () => {
    const fetched = answering(building(), building(), new Response('{"items":[]}'));
    let waiting = 0;
    const seen: number[] = [];
    client.lookThrough(lens, (more) => seen.push((waiting += more)));
    expect(await client.get('/records')).toEqual({ items: [] });
    expect(fetched).toHaveBeenCalledTimes(3);
    expect(seen).toEqual([1, 0]);
  });

  it('gives up in the end', async () => {
    answering(building());
    client.lookThrough(lens, () => undefined);
    await expect(client.get('/records')).rejects.toMatchObject({ code: 'past.building' });
  });

  it('writes nothing, and lets questions pass', async () => {
    const fetched = answering(new Response('{}'));
    client.lookThrough(lens, () => undefined);
    for (const where of ['/log-entries', '/requests/jp.jjoc/1/answer', '/release/decisions', '/tokens', '/plans', '/records/jp.jjoc/1/recall']) {
      expect(onlyAsks(where), where).toBe(false);
      await expect(client.post(where, {}), where).rejects.toMatchObject({ code: 'past.write' });
    }
    await expect(client.patch('/accounts/x', {})).rejects.toMatchObject({ code: 'past.write' });
    await expect(client.del('/tokens/x')).rejects.toMatchObject({ code: 'past.write' });
    expect(fetched).not.toHaveBeenCalled();
    await client.post('/labels/check', {});
    expect(fetched).toHaveBeenCalledOnce();
  });

  it('keeps no answer, and asks about the present where that is meant', async () => {
    const fetched = answering(new Response('{"items":[]}'));
    const keep = vi.fn();
    client.keepAnswersWith({ away: false, keep, kept: () => Promise.resolve(undefined), drop: () => undefined });
    client.lookThrough(lens, () => undefined);
    await client.get('/records');
    expect(keep).not.toHaveBeenCalled();
    await client.present(() => client.get('/records'));
    expect(String(fetched.mock.calls.at(-1)?.[0])).not.toContain('asOf');
    expect(client.looking()).toBe(lens);
  });
});

describe('the axis', () => {
  const now = AT;
  const span = spanOf(now, 24);

  it('finds the moment under a pointer, and no moment outside it', () => {
    const box = { left: 100, width: 1000 };
    expect(placed(100, box, span)).toBe(span.from);
    expect(placed(-50, box, span)).toBe(span.from);
    expect(placed(2000, box, span)).toBe(span.to);
  });

  it('steps by events, with Shift by the hour, and back to now', () => {
    expect(stepOf('ArrowLeft', false, null, span, now)).toBe('previous');
    expect(stepOf('ArrowRight', false, null, span, now)).toBe('next');
    expect(stepOf('ArrowLeft', true, null, span, now)).toEqual({ to: now - 3_600_000 });
    expect(stepOf('ArrowRight', true, now - 60_000, span, now)).toEqual({ to: null });
    expect(stepOf('Home', false, null, span, now)).toEqual({ to: span.from });
    expect(stepOf('End', false, AT - 1, span, now)).toEqual({ to: null });
    expect(stepOf('Escape', false, null, span, now)).toBeUndefined();
    expect(stepOf('Tab', false, null, span, now)).toBeUndefined();
  });

  it('moves to where the moment is', () => {
    expect(spanAround(now, 24, null)).toEqual(span);
    expect(spanAround(now, 24, now - 1000)).toEqual(span);
    const far = spanAround(now, 24, now - 100 * 3_600_000);
    expect(far.from).toBeLessThan(now - 100 * 3_600_000);
    expect(far.to).toBeGreaterThan(now - 100 * 3_600_000);
  });

  it('takes a moment typed as a group or in ISO form, if it has been', () => {
    expect(momentTyped('180930ZSEP22', now)).toBe(Date.parse('2022-09-18T09:30:00Z'));
    expect(momentTyped('2022-09-18T09:30', now)).toBe(Date.parse('2022-09-18T09:30:00Z'));
    expect(momentTyped('2022-09-18T18:30+09:00', now)).toBe(Date.parse('2022-09-18T09:30:00Z'));
    for (const wrong of ['', 'soon', '2099-01-01T00:00Z', '2022-13-01', '+2h']) expect(momentTyped(wrong, now), wrong).toBeNull();
  });
});
