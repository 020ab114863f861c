import { describe, expect, it } from 'vitest';

import type { Acknowledgement, Answer, RecordBase, RecordView, RequestView, Row, State } from '../src/api/types';
import { byUrgency, columnOf, COLUMNS, counted, counterpart, FILTERS, grouped, holds, inForce, merged, nextDeadline, overdueOf, passes, rowOf, sorted, unanswered } from '../src/lib/requests';
import { threadOf } from '../src/lib/thread';

const label = { policy: 'p', classification: 'OPEN' };
const shown = <R extends RecordBase>(record: R): RecordView<R> => ({
  record,
  marking: { en: '', ja: '', colour: '', portion: '' },
  source: '',
  at: record.at,
  loggedAt: record.at,
  freshness: { from: 'jp.jjoc', ageSeconds: 0, link: null },
  cut: 0,
});

function request(state: State, more: Partial<RequestView> = {}, owner = 'jp.jjoc'): RequestView {
  const record = {
    kind: 'request' as const,
    id: `${owner}/${state}`,
    label,
    at: '2026-11-22T10:00:00Z',
    by: 'Watch officer',
    to: owner === 'jp.jjoc' ? 'us.usfj' : 'jp.jjoc',
    asked_at: '2026-11-22T10:00:00Z',
    acknowledge_by: '2026-11-22T10:15:00Z',
    answer_by: '2026-11-22T11:00:00Z',
  };
  return {
    request: shown(record),
    state,
    overdue: null,
    holder: 'us.usfj',
    delivery: { state: 'received', loggedAt: record.at, sentAt: null, receivedAt: null, readAt: null },
    acknowledgement: null,
    answers: [],
    commitments: [],
    fulfilled: [],
    actions: [],
    ...more,
  };
}

const answer = (at: string, outcome: Answer['outcome'], review_at?: string): RecordView<Answer> =>
  shown<Answer>({ kind: 'answer', id: `us.usfj/${at}`, label, at, by: 'Liaison', outcome, review_at });

/** A quarter past asking: before every deadline. */
const NOW = Date.parse('2026-11-22T10:05:00Z');
const LATE = Date.parse('2026-11-22T10:20:00Z');
const row = (state: State, more: Partial<Row> = {}, owner?: string): Row => ({ ...rowOf(request(state, {}, owner)), ...more });
const name = (hq: string): string => hq;

describe('the board', () => {
  it('has a column for every state the node names', () => {
    const states: State[] = ['unsent', 'sent', 'received', 'read', 'acknowledged', 'accepted', 'partly accepted', 'under way', 'done', 'declined', 'withdrawn'];
    const all = grouped(states.map((s) => row(s)), NOW);
    expect(COLUMNS.map((c) => all[c].length)).toEqual([4, 1, 2, 1, 3]);
  });

  it('shows a state it does not know where it is seen first, and loses none', () => {
    expect(columnOf('handed over')).toBe('waiting');
  });

  it('puts overdue first, then precedence, then what is due next', () => {
    const late = row('received', { acknowledge_by: '2026-11-22T10:01:00Z' });
    const flash = row('received', { priority: 'flash' });
    const soon = row('received');
    const later = row('acknowledged');
    expect(byUrgency([later, soon, flash, late], NOW)).toEqual([late, flash, soon, later]);
  });

  it('becomes overdue by the clock, without being loaded again', () => {
    const waiting = row('received');
    expect([overdueOf(waiting, NOW), overdueOf(waiting, LATE)]).toEqual([null, 'acknowledge']);
    expect(overdueOf(row('acknowledged'), LATE)).toBeNull();
    expect(overdueOf(waiting, Date.parse('2026-11-22T12:00:00Z'))).toBe('answer');
    expect(overdueOf(row('done'), Date.parse('2030-01-01T00:00:00Z'))).toBeNull();
  });

  it('tells ours from theirs and knows the other side', () => {
    const [ours, theirs] = [row('read'), row('read', {}, 'us.usfj')];
    expect(passes(ours, 'mine', 'jp.jjoc', NOW) && !passes(ours, 'theirs', 'jp.jjoc', NOW)).toBe(true);
    expect(passes(theirs, 'theirs', 'jp.jjoc', NOW) && !passes(theirs, 'mine', 'jp.jjoc', NOW)).toBe(true);
    expect([passes(ours, 'overdue', 'jp.jjoc', NOW), passes(ours, 'overdue', 'jp.jjoc', LATE)]).toEqual([false, true]);
    for (const now of [NOW, LATE]) {
      const passing = FILTERS.map((f) => [f, [ours, theirs].filter((row) => passes(row, f, 'jp.jjoc', now)).length]);
      expect(counted([ours, theirs], 'jp.jjoc', now)).toEqual(Object.fromEntries(passing));
    }
    expect([counterpart(ours, 'jp.jjoc'), counterpart(theirs, 'jp.jjoc')]).toEqual(['us.usfj', 'us.usfj']);
  });

  it('counts down to what is due in that state, and to nothing once closed', () => {
    expect(nextDeadline(row('received'))).toEqual({ what: 'acknowledge', at: '2026-11-22T10:15:00Z' });
    expect(nextDeadline(row('acknowledged'))).toEqual({ what: 'answer', at: '2026-11-22T11:00:00Z' });
    const review = '2026-11-23T00:00:00Z';
    const answers = [answer('2026-11-22T10:40:00Z', 'partial', review), answer('2026-11-22T10:20:00Z', 'full')];
    expect(nextDeadline(rowOf(request('accepted', { answers })))).toEqual({ what: 'review', at: review });
    expect(inForce(request('accepted', { answers }))).toBe(answers[0]);
    expect(nextDeadline(row('done'))).toBeNull();
  });

  it('takes changed rows in place, new ones in front, and drops those no longer shown', () => {
    const [a, b, c] = [row('read', { id: 'jp.jjoc/a' }), row('read', { id: 'jp.jjoc/b' }), row('read', { id: 'jp.jjoc/c' })];
    const changed = { ...b, state: 'done' as const };
    const fresh = row('sent', { id: 'jp.jjoc/d' });
    const now = merged([a, b, c], [changed, fresh], [b.id, c.id, 'us.usfj/answer']);
    expect(now).toEqual([fresh, a, changed]);
    expect(now[1]).toBe(a);
  });

  it('finds by words in any of a title\u2019s languages, whatever their width', () => {
    const both = row('read', { title: { text: '輸送ヘリ２機', lang: 'ja', translations: [{ lang: 'en', text: 'Two helicopters', by: 'x' }] } });
    expect([holds(both, 'ヘリ'), holds(both, 'two HELI'), holds(both, '2機'), holds(both, 'boat')]).toEqual([true, true, true, false]);
  });

  it('sorts a sheet by any column, either way, numbers as numbers', () => {
    const rows = ['Pump 10', 'Pump 9'].map((text) => row('read', { id: `jp.jjoc/${text}`, title: { text, lang: 'en' } }));
    const by = (down: boolean): (string | undefined)[] => sorted(rows, { by: 'title', down }, NOW, 'en', name).map((r) => r.title?.text);
    expect([by(false), by(true)]).toEqual([['Pump 9', 'Pump 10'], ['Pump 10', 'Pump 9']]);
  });

  it('knows per partner how many nobody has answered and since when', () => {
    const rows = [row('read', { asked_at: '2026-11-22T09:00:00Z' }), row('acknowledged', {}, 'us.usfj'), row('done', { asked_at: '2026-11-21T09:00:00Z' })];
    expect(unanswered(rows, 'jp.jjoc', NOW)).toEqual({ 'us.usfj': { count: 2, oldest: '2026-11-22T09:00:00Z', late: false } });
    expect(unanswered(rows, 'jp.jjoc', LATE)['us.usfj']?.late).toBe(true);
  });
});

describe('the conversation', () => {
  it('is one thread of both sides in the order things happened', () => {
    const view = request('accepted', {
      delivery: { state: 'received', loggedAt: '2026-11-22T10:00:00Z', sentAt: '2026-11-22T10:00:00Z', receivedAt: '2026-11-22T10:00:01Z', readAt: '2026-11-22T10:03:00Z' },
      acknowledgement: shown<Acknowledgement>({ kind: 'acknowledgement', id: 'us.usfj/a', label, at: '2026-11-22T10:04:00Z', by: 'x' }),
      answers: [answer('2026-11-22T10:40:00Z', 'full'), answer('2026-11-22T10:20:00Z', 'partial')],
    });
    const lines = threadOf(view);
    expect(lines.map((l) => l.what)).toEqual(['asked', 'sent', 'received', 'read', 'acknowledged', 'answered', 'answered']);
    expect(lines.map((l) => l.side).join(' ')).toBe('asker asker answerer answerer answerer answerer answerer');
    expect(lines.filter((l) => l.what === 'answered').map((l) => l.inForce)).toEqual([false, true]);
  });

  it('keeps the order in which things can happen when clocks say the same', () => {
    const at = '2026-11-22T10:00:00Z';
    const view = request('read', { delivery: { state: 'received', loggedAt: at, sentAt: at, receivedAt: at, readAt: at } });
    expect(threadOf(view).map((l) => l.what)).toEqual(['asked', 'sent', 'received', 'read']);
  });

  it('never shows a receipt before the asking, whatever the two clocks say', () => {
    const delivery = { state: 'received' as const, loggedAt: '2026-11-22T10:00:00Z', sentAt: '2026-11-22T10:00:00.020Z', receivedAt: '2026-11-22T09:59:59Z' };
    expect(threadOf(request('received', { delivery })).map((l) => l.what)).toEqual(['asked', 'sent', 'received']);
  });

  it('ends with the withdrawal where there is one', () => {
    const view = request('withdrawn');
    view.request.record.withdrawn = true;
    view.request.record.at = '2026-11-22T12:00:00Z';
    expect(threadOf(view).at(-1)).toMatchObject({ what: 'withdrawn', side: 'asker' });
  });
});
