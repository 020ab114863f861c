import { describe, expect, it } from 'vitest';

import type { PathDescription, PathView } from '../src/api/types';
import { pathMap, SIZE } from '../src/rooms/planning/paths/pathmap';

const site = (name: string, lat: number, lon: number): object => ({ name: { en: name, ja: name }, lat, lon });
const described = (posts: object[]): PathDescription => ({ title: { en: '', ja: '' }, kinds: [], today: { posts, paths: {} }, proposed: { posts: [], paths: {} } }) as unknown as PathDescription;
const hop = (sender: string, receiver: string, border = false): object => ({ sender, receiver, border, common: 0 });
const view = (...hops: object[]): PathView => ({ hops }) as unknown as PathView;

const TOKYO = { key: 'jjoc', site: site('Ichigaya', 35.69, 139.73) };
const YOKOTA = { key: 'usfj', site: site('Yokota', 35.75, 139.35) };
const HAWAII = { key: 'pacom', site: site('Camp Smith', 21.39, -157.91) };
const NOWHERE = { key: 'desk' };

describe('a path on the map', () => {
  it('crosses the Pacific the short way and gathers what lies together', () => {
    const map = pathMap(described([TOKYO, YOKOTA, HAWAII, NOWHERE]), 'today', view(hop('jjoc', 'usfj', true), hop('usfj', 'pacom'), hop('pacom', 'desk'), hop('usfj', 'pacom')));
    expect(map?.places.map((p) => p.names.en)).toEqual(['Ichigaya · Yokota', 'Camp Smith']);
    expect(map?.ways).toHaveLength(1);
    expect(map?.ways[0]).toMatchObject({ count: 2, border: false });
    expect([map?.within, map?.unplaced]).toEqual([1, 1]);
    const [west, east] = map?.places ?? [];
    expect((east?.x ?? 0) - (west?.x ?? 0)).toBeGreaterThan(SIZE.width / 3);
    for (const { x, y } of map?.places ?? []) {
      expect(x).toBeGreaterThan(20);
      expect(x).toBeLessThan(SIZE.width - 20);
      expect(y).toBeGreaterThan(20);
      expect(y).toBeLessThan(SIZE.height - 20);
    }
  });

  it('draws there and back as two lines', () => {
    const map = pathMap(described([TOKYO, HAWAII]), 'today', view(hop('jjoc', 'pacom'), hop('pacom', 'jjoc')));
    expect(new Set(map?.ways.map((w) => w.mid.y)).size).toBe(2);
  });

  it('is not drawn where no site is known', () => {
    expect(pathMap(described([NOWHERE]), 'today', view(hop('desk', 'desk')))).toBeNull();
  });
});
