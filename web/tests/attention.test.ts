import { describe, expect, it } from 'vitest';

import type { Handover, Partner, RecordView, Row, State, TaskView } from '../src/api/types';
import { mattersOf, mustCall, REPEAT_MS, TOGETHER, type Known } from '../src/lib/attention';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();
const shown = { label: { policy: 'p', classification: 'OPEN' }, marking: { en: 'O', ja: '公', colour: '#fff', portion: '' } };

/** A request asked of us.jp by the partner, or by us where `owner` says so. */
function row(id: string, state: State, more: Partial<Row> = {}, owner = 'us.usfj'): Row {
  const to = owner === 'us.usfj' ? 'jp.jjoc' : 'us.usfj';
  return { ...shown, id: `${owner}/${id}`, to, state, holder: 'jp.jjoc', asked_at: at(-10), acknowledge_by: at(30), answer_by: at(90), at: at(-10), title: { text: id, lang: 'en' }, moves: [], source: '', cut: 0, ...more };
}
const partner = (state: Partner['link']['state'], evidence = 0): Partner => ({ hq: 'us.usfj', evidence, link: { state, since: at(-3) } }) as unknown as Partner;
const known = (more: Partial<Known> = {}): Known => ({ hq: 'jp.jjoc', account: 'watch', now: NOW, rows: [], tasks: [], partners: [partner('up')], handover: undefined, ...more });
const told = (more: Partial<Known>): string[] => mattersOf(known(more)).map((m) => `${m.urgency} ${m.cause} ${m.count}`);

describe('the inbox', () => {
  it('is empty when nothing needs us', () => {
    expect(told({ rows: [row('done', 'done'), row('theirs', 'read', {}, 'jp.jjoc')] })).toEqual([]);
  });

  it('puts what must be acknowledged now before what can wait, and leads to its form', () => {
    const rows = [
      row('quiet', 'received', { moves: ['acknowledge', 'answer'] }),
      row('flash', 'received', { moves: ['acknowledge', 'answer'], priority: 'flash' }),
      row('late', 'read', { moves: ['acknowledge', 'answer'], acknowledge_by: at(-1) }),
      row('answer', 'acknowledged', { moves: ['answer'] }),
    ];
    const matters = mattersOf(known({ rows }));
    expect(matters.map((m) => [m.title?.text, m.urgency])).toEqual([['late', 'now'], ['flash', 'now'], ['quiet', 'soon'], ['answer', 'open']]);
    expect(matters[0]?.href).toBe('#/requests/us.usfj/late?do=acknowledge');
    expect(matters.map((m) => m.calls)).toEqual([true, true, true, false]);
  });

  it('offers nothing to who may not act: a viewer has no moves', () => {
    expect(told({ rows: [row('asked', 'received')] })).toEqual([]);
  });

  it('makes one alarm of a link that is down and all that waits for it', () => {
    const rows = Array.from({ length: 40 }, (_, i) => row(String(i), 'unsent', { acknowledge_by: at(-1) }, 'jp.jjoc'));
    expect(told({ rows, partners: [partner('down')] })).toEqual(['now link 40']);
  });

  it('does not blame a partner for being late over a link that is down', () => {
    const late = row('late', 'received', { acknowledge_by: at(-1) }, 'jp.jjoc');
    expect(told({ rows: [late] })).toEqual(['soon chase 1']);
    expect(told({ rows: [late], partners: [partner('off')] })).toEqual(['now link 1']);
  });

  it('stands as one where many have one cause, with each of them inside', () => {
    const rows = Array.from({ length: TOGETHER + 1 }, (_, i) => row(String(i), 'received', { moves: ['acknowledge'], acknowledge_by: at(-i) }));
    const [one, ...more] = mattersOf(known({ rows: rows.slice(1).concat(row('x', 'received', { moves: ['acknowledge'], acknowledge_by: at(-9) })) }));
    expect([one?.count, one?.inside.length, more.length]).toEqual([TOGETHER + 1, TOGETHER + 1, 0]);
    expect(one?.calls).toBe(true);
  });

  it('tells of tasks given to us and of a hand-over somebody else wrote', () => {
    const task = { task: { record: { id: 'us.usfj/t', to: 'jp.jjoc', label: shown.label, due: at(-1) }, marking: shown.marking }, actions: ['acknowledge'] } as unknown as TaskView;
    const sheet = (account: string): RecordView<Handover> => ({ record: { id: 'jp.jjoc/h', outgoing: { account, at: at(-1) }, label: shown.label }, marking: shown.marking }) as unknown as RecordView<Handover>;
    expect(told({ tasks: [task] })).toEqual(['now task 1']);
    expect(told({ handover: sheet('relief') })).toEqual(['soon handover 1']);
    expect(told({ handover: sheet('watch') })).toEqual([]);
  });
});

describe('a call', () => {
  const matters = mattersOf(known({ rows: [row('late', 'received', { moves: ['acknowledge'], acknowledge_by: at(-1) })] }));
  const [key = ''] = matters.map((m) => m.key);

  it('repeats every minute until it is acknowledged', () => {
    expect(mustCall(matters, new Set(), 0, NOW)).toBe(true);
    expect(mustCall(matters, new Set(), NOW, NOW + REPEAT_MS - 1)).toBe(false);
    expect(mustCall(matters, new Set(), NOW, NOW + REPEAT_MS)).toBe(true);
    expect(mustCall([], new Set(), 0, NOW + REPEAT_MS)).toBe(false);
  });

  it('is still when what calls was noted', () => {
    expect(mustCall(matters, new Set([key]), 0, NOW)).toBe(false);
  });
});

it('what comes to one’s own post goes first among what is equally urgent', () => {
  const both = [row('a', 'received', { moves: ['acknowledge'], function: 'planning' }), row('b', 'received', { moves: ['acknowledge'], function: 'logistics' })];
  const found = mattersOf(known({ rows: both, functions: ['logistics'] }));
  expect(found.map((m) => [m.key, m.mine])).toEqual([
    ['acknowledge:us.usfj/b', true],
    ['acknowledge:us.usfj/a', false],
  ]);
});

it('what comes to a post by its function is in its inbox while it is open, whoever may answer it', () => {
  const rows = [row('a', 'received', { function: 'planning' }), row('b', 'acknowledged', { function: 'planning' }), row('c', 'accepted', { function: 'planning' }), row('d', 'received', { function: 'logistics' })];
  const found = mattersOf(known({ rows, functions: ['planning'] }));
  expect(found.map((m) => [m.key, m.urgency, m.mine])).toEqual([
    ['concerns:us.usfj/a', 'open', true],
    ['concerns:us.usfj/b', 'open', true],
  ]);
});
