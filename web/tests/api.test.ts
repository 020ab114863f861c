import { describe, expect, it } from 'vitest';

import { idPath, problemOf, query } from '../src/api/client';
import { EventParser } from '../src/api/sse';
import { boxOf, inverse, mercator, pathOf } from '../src/lib/geo';

describe('the event stream', () => {
  const stream = ': heartbeat\n\nid: 7\nevent: record\ndata: {"kind":"request"}\n\nevent: link\ndata: {"hq":"us.usfj",\ndata: "state":"up"}\n\n';
  const events = [
    { event: 'record', data: '{"kind":"request"}', id: '7' },
    { event: 'link', data: '{"hq":"us.usfj",\n"state":"up"}', id: '7' },
  ];

  it('gives the same events however it is cut into pieces', () => {
    for (let size = 1; size <= stream.length; size++) {
      const parser = new EventParser();
      const got = [];
      for (let i = 0; i < stream.length; i += size) got.push(...parser.feed(stream.slice(i, i + size)));
      expect(got, `pieces of ${size}`).toEqual(events);
      expect(parser.lastId).toBe('7');
    }
  });

  it('reads line ends of every system and skips heartbeats', () => {
    const parser = new EventParser();
    expect(parser.feed(stream.replaceAll('\n', '\r\n'))).toEqual(events);
    expect(parser.feed(': heartbeat\n\n')).toEqual([]);
  });

  it('holds an event back until it is whole', () => {
    const parser = new EventParser();
    expect(parser.feed('data: a')).toEqual([]);
    expect(parser.feed('\n')).toEqual([]);
    expect(parser.feed('\n')).toEqual([{ event: 'message', data: 'a', id: '' }]);
  });
});

describe('calls to the node', () => {
  it('write an id as two segments and leave out what is not given', () => {
    expect(idPath('jp.jjoc/01K')).toBe('/jp.jjoc/01K');
    expect(query({ q: '冠水', limit: undefined, before: '' })).toBe('?q=%E5%86%A0%E6%B0%B4');
    expect(query({})).toBe('');
  });

  it('keep what a refusal expected and what came', async () => {
    const body = JSON.stringify({ title: 'Refused', code: 'answer.short', expected: 'more', came: 'less' });
    expect(await problemOf(new Response(body, { status: 422 }))).toMatchObject({
      status: 422,
      code: 'answer.short',
      expected: 'more',
      came: 'less',
      unreachable: false,
    });
  });

  it('make a problem of an answer that is no JSON', async () => {
    expect(await problemOf(new Response('<h1>Bad gateway', { status: 502 }))).toMatchObject({ status: 502, code: 'http.502' });
  });
});

describe('the map', () => {
  it('projects there and back', () => {
    for (const [lon, lat] of [[124.8, 24.4], [153, 45.5], [-157.9, 21.4]] as const) {
      const [x, y] = mercator(lon, lat);
      const [lon2, lat2] = inverse(x, y);
      expect(lon2).toBeCloseTo(lon, 9);
      expect(lat2).toBeCloseTo(lat, 9);
    }
  });

  it('puts north up', () => {
    expect(mercator(0, 40)[1]).toBeLessThan(mercator(0, 20)[1]);
  });

  it('draws every ring of every polygon and finds the box around all of it', () => {
    const square = [[0, 0], [1, 0], [1, 1], [0, 0]];
    const two = { type: 'MultiPolygon' as const, coordinates: [[square], [square.map(([x = 0, y = 0]) => [x + 5, y + 5])]] };
    expect(pathOf(two).match(/Z/g)).toHaveLength(2);
    expect(boxOf([two, { type: 'Point', coordinates: [-3, 2] }], 1)).toEqual({ west: -4, south: -1, east: 7, north: 7 });
    expect(boxOf([], 1)).toBeNull();
  });
});
