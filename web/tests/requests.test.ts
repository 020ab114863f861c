import { describe, expect, it } from 'vitest';

import type { Acknowledgement, Answer, RecordBase, RecordView, RequestView, State } from '../src/api/types';
import { byUrgency, columnOf, COLUMNS, counterpart, grouped, inForce, nextDeadline, passes } from '../src/lib/requests';
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

describe('the board', () => {
  it('has a column for every state the node names', () => {
    const states: State[] = ['unsent', 'sent', 'received', 'read', 'acknowledged', 'accepted', 'partly accepted', 'under way', 'done', 'declined', 'withdrawn'];
    const all = grouped(states.map((s) => request(s)));
    expect(COLUMNS.map((c) => all[c].length)).toEqual([4, 1, 2, 1, 3]);
  });

  it('shows a state it does not know where it is seen first, and loses none', () => {
    expect(columnOf('handed over')).toBe('waiting');
  });

  it('puts overdue first, then precedence, then what is due next', () => {
    const late = request('received', { overdue: 'acknowledge' });
    const flash = request('received');
    flash.request.record.priority = 'flash';
    const soon = request('received');
    const later = request('acknowledged');
    expect([later, soon, flash, late].sort(byUrgency)).toEqual([late, flash, soon, later]);
  });

  it('tells ours from theirs and knows the other side', () => {
    const [ours, theirs] = [request('read'), request('read', {}, 'us.usfj')];
    expect(passes(ours, 'mine', 'jp.jjoc') && !passes(ours, 'theirs', 'jp.jjoc')).toBe(true);
    expect(passes(theirs, 'theirs', 'jp.jjoc') && !passes(theirs, 'mine', 'jp.jjoc')).toBe(true);
    expect(passes(ours, 'overdue', 'jp.jjoc')).toBe(false);
    expect([counterpart(ours, 'jp.jjoc'), counterpart(theirs, 'jp.jjoc')]).toEqual(['us.usfj', 'us.usfj']);
  });

  it('counts down to what is due in that state, and to nothing once closed', () => {
    expect(nextDeadline(request('received'))).toEqual({ what: 'acknowledge', at: '2026-11-22T10:15:00Z' });
    expect(nextDeadline(request('acknowledged'))).toEqual({ what: 'answer', at: '2026-11-22T11:00:00Z' });
    const review = '2026-11-23T00:00:00Z';
    const answers = [answer('2026-11-22T10:40:00Z', 'partial', review), answer('2026-11-22T10:20:00Z', 'full')];
    expect(nextDeadline(request('accepted', { answers }))).toEqual({ what: 'review', at: review });
    expect(inForce(request('accepted', { answers }))).toBe(answers[0]);
    expect(nextDeadline(request('done'))).toBeNull();
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
