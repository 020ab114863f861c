import { describe, expect, it } from 'vitest';

import type { AgreementView, Departure, Held, Recall, Release, SentBack } from '../src/api/types';
import { en } from '../src/i18n/en';
import { ja } from '../src/i18n/ja';
import { mattersOf, TOGETHER } from '../src/lib/attention';
import { awaited, decidable, heldKey, inOrder, pressing } from '../src/lib/held';
import { audienceOf, reachedBesides, ruleWords } from '../src/lib/reach';
import { changeWords, endsSoon, hexLines, historyOf, readable, seconds, utf8 } from '../src/rooms/release/why';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const LABEL = { policy: 'jp', classification: 'GUARDED', categories: [] };
const MARKING = { en: 'GUARDED', ja: '注意', colour: '#123456', portion: 'G' };

function held(id: string, since: number, due: number, more: Partial<Held> = {}): Held {
  const record = { kind: 'decision', id, version: 1, label: LABEL, at: at(since), by: 'Watch', realm: 'live' };
  const view = { record, marking: MARKING } as unknown as Held['record'];
  return { id, version: 1, kind: 'decision', partner: 'us.usfj', priority: 'routine', since: at(since), age_seconds: 0, due: at(due), overdue: due <= 0, needed: 1, signatures: [], record: view, ...more };
}
const row = (hq: string, outcome: Release['outcome']): Release => ({ hq, outcome });

describe('what waits for review', () => {
  it('is reminded of when a quarter of the time is left, and late at the deadline itself', () => {
    expect(pressing(held('a', -60, 60), NOW)).toBe('waiting');
    expect(pressing(held('a', -90, 30), NOW)).toBe('remind');
    expect(pressing(held('a', -120, 0), NOW)).toBe('overdue');
  });

  it('stands with the late ones first, then by precedence, then the oldest, and rises as the clock goes on', () => {
    const items = [held('old', -50, 70), held('flash', -10, 110, { priority: 'flash' }), held('late', -30, -1)];
    expect(inOrder(items, NOW).map((h) => h.id)).toEqual(['late', 'flash', 'old']);
    expect(inOrder(items, NOW + 80 * 60_000).map((h) => h.id)).toEqual(['old', 'late', 'flash']);
  });

  it('is never decided on twice by one officer', () => {
    const signature = { account: 'first', by: 'Officer', at: at(-1), decision: 'jp.jjoc/1' };
    const items = [held('a', -1, 9, { needed: 2, signatures: [signature] }), held('b', -1, 9)];
    const both = new Set(items.map(heldKey));
    expect(decidable(items, both, 'first').map((h) => h.id)).toEqual(['b']);
    expect(decidable(items, both, 'second').map((h) => h.id)).toEqual(['a', 'b']);
  });

  it('waits for a post that the structure names until one of its officers has signed, by any of its names', () => {
    const posts = [{ code: 'J5', names: { en: 'Disclosure officer, J5', ja: '開示担当' }, mine: false }];
    const by = (post: string): Held => held('a', -1, 9, { needed: 2, signatures: [{ account: 'x', by: post, at: at(-1), decision: 'jp.jjoc/1' }] });
    expect([awaited(held('a', -1, 9), posts), awaited(by('J2'), posts)]).toEqual([posts, posts]);
    expect([awaited(by('J5'), posts), awaited(by('開示担当'), posts), awaited(by('J2'), [])]).toEqual([[], [], []]);
  });

  it('is a matter of the inbox: now when late, soon when reminded of, none for who has signed', () => {
    const known = { hq: 'jp.jjoc', account: 'first', now: NOW, rows: [], tasks: [], partners: [], handover: undefined };
    const of = (one: Held): string[] => mattersOf({ ...known, held: [one] }).map((m) => `${m.cause} ${m.urgency}`);
    expect(of(held('a', -60, -1))).toEqual(['disclosure now']);
    expect(of(held('a', -90, 30))).toEqual(['disclosure soon']);
    expect(of(held('a', -1, 90))).toEqual(['disclosure open']);
    expect(of(held('a', -1, 90, { needed: 2, signatures: [{ account: 'first', by: 'x', at: at(0), decision: 'jp.jjoc/1' }] }))).toEqual([]);
  });
});

describe('what came back', () => {
  const back = (id: string, priority = 'routine'): SentBack => ({ id, version: 1, kind: 'decision', partner: 'us.usfj', priority, record: held(id, -60, 60).record, word: { by: 'Disclosure officer', at: at(-5), reason: { text: 'Without the name', lang: 'en' } } });
  const known = { hq: 'jp.jjoc', account: 'planner', now: NOW, rows: [], tasks: [], partners: [], handover: undefined };

  it('is a matter with its reason, soon, or now where the record presses', () => {
    const found = mattersOf({ ...known, returned: [back('a'), back('b', 'flash')] });
    expect(found.map((m) => `${m.cause} ${m.urgency} ${m.note?.text}`)).toEqual(['returned now Without the name', 'returned soon Without the name']);
    expect(found[0]?.href).toContain('release');
  });

  it('stands as one where there is much of it, and then gives no single reason', () => {
    const [one, ...more] = mattersOf({ ...known, returned: Array.from({ length: TOGETHER + 1 }, (_, i) => back(String(i))) });
    expect([one?.count, one?.note, more.length]).toEqual([TOGETHER + 1, null, 0]);
  });
});

describe('why and why not', () => {
  it('has a sentence in both languages for every rule of the chain', () => {
    for (const rule of ['ours', 'kind', 'recall', 'agreement', 'label', 'onward', 'review', 'reference']) {
      expect(ruleWords(rule, '', en.release), rule).not.toBe(en.release.rule.other);
      expect(ruleWords(rule, '', ja.release), rule).toMatch(/[ぁ-ん]/);
    }
    expect(ruleWords('label', 'access.permissive', en.release)).toContain('does not name this partner');
    expect(ruleWords('something new', '', en.release)).toBe(en.release.rule.other);
  });

  it('says what would have to change, and in which portion', () => {
    const words = (change: Parameters<typeof changeWords>[0]): string => changeWords(change, en.release, en.record.kinds, null, 'en');
    expect(words({ what: 'add', tag: 'Releasable to', values: ['USA'] })).toBe('add USA to “Releasable to”');
    expect(words({ what: 'remove', tag: 'Handling', values: ['MEDICAL'], where: 'reasons' })).toBe('in reasons: remove MEDICAL from “Handling”');
    expect(words({ what: 'signature', count: 2 })).toBe('signatures of 2 disclosure officers');
    expect(words({ what: 'agreement', values: ['decision'] })).toContain('Decision');
  });

  it('parts an audience, and names whom the widest label reaches besides', () => {
    const given = [row('us.usfj', 'withheld'), row('ph.afp', 'withheld'), row('au.hq', 'held')];
    expect(audienceOf(given)).toEqual({ released: [], held: ['au.hq'], withheld: given.slice(0, 2) });
    const reaching = (partners: Release[]) => ({ label: LABEL, marking: MARKING, partners });
    expect(reachedBesides({ given: reaching(given), widest: reaching([row('us.usfj', 'held'), row('ph.afp', 'withheld'), row('au.hq', 'held')]) })).toEqual(['us.usfj']);
  });
});

describe('the rendition', () => {
  it('is counted and shown in bytes, whatever the script', () => {
    const bytes = utf8('港A');
    expect(bytes.length).toBe(4);
    expect(hexLines(bytes)).toBe(`000000  e6 b8 af 41${' '.repeat(36)}  ···A`);
    expect(hexLines(utf8('x'.repeat(40)), 20).split('\n')).toHaveLength(2);
  });

  it('is read on many lines, and shown as it is where it is no JSON', () => {
    expect(readable('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(readable('{"a"')).toBe('{"a"');
  });
});

it('history puts departures, receipts, recalls and confirmations in one line of time', () => {
  const left: Departure = { hq: 'us.usfj', seq: 3, at: at(0), state: 'received', received_at: at(1), size: 10 };
  const recall = { id: 'r', about: 'a', at: at(5), by: 'x', reason: null, lifted: false, narrowed: true, partners: [{ hq: 'us.usfj', progress: 'confirmed', since: at(6), entries: 1 }, { hq: 'ph.afp', progress: 'sent', since: at(5), entries: 1 }] } as Recall;
  expect(historyOf([left], [recall]).map((e) => e.what)).toEqual(['confirmed', 'narrowed', 'received', 'released']);
});

it('times are said in the unit a person would use', () => {
  expect([0.004, 2.51, 90, 5400].map((s) => seconds(s, en.release.pace))).toEqual(['4 ms', '2.5 s', '2 min', '1.5 h']);
});

it('an agreement ends soon within thirty days, while it is in force', () => {
  const view = (until: string | null, in_force = true): AgreementView => ({ in_force, agreement: { until } }) as AgreementView;
  expect(endsSoon(view(at(60)), NOW)).toBe(true);
  expect(endsSoon(view(at(60 * 24 * 31)), NOW)).toBe(false);
  expect(endsSoon(view(null), NOW)).toBe(false);
  expect(endsSoon(view(at(60), false), NOW)).toBe(false);
});
