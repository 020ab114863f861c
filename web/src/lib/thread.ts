/** A request's conversation as one thread of both sides, in the order things happened. */
import type { Acknowledgement, Answer, Commitment, RecordView, Request, RequestView } from '../api/types';

/** Which headquarters a line belongs to: the one that asks stands left, the one that answers right. */
export type Side = 'asker' | 'answerer';
export type Line =
  | { side: Side; at: string; what: 'asked'; view: RecordView<Request> }
  | { side: Side; at: string; what: 'sent' | 'received' | 'read' }
  | { side: Side; at: string; what: 'acknowledged'; view: RecordView<Acknowledgement> }
  | { side: Side; at: string; what: 'answered'; view: RecordView<Answer>; inForce: boolean }
  | { side: Side; at: string; what: 'progress'; view: RecordView<Commitment> }
  | { side: Side; at: string; what: 'withdrawn'; view: RecordView<Request> };

/**
 * Deliveries in the order in which they happen: two headquarters' clocks differ, and a receipt is stamped
 * by the second, but nothing is received before it was asked.
 */
function causal(askedAt: string, delivery: RequestView['delivery']): Pick<RequestView['delivery'], 'sentAt' | 'receivedAt' | 'readAt'> {
  const after = (at: string | null | undefined, before: string): string | null =>
    at ? (Date.parse(at) < Date.parse(before) ? before : at) : null;
  const sentAt = after(delivery.sentAt, askedAt);
  const receivedAt = after(delivery.receivedAt, sentAt ?? askedAt);
  return { sentAt, receivedAt, readAt: after(delivery.readAt, receivedAt ?? sentAt ?? askedAt) };
}

/** At equal times things stand in the order in which they can happen. */
const ORDER = ['asked', 'sent', 'received', 'read', 'acknowledged', 'answered', 'progress', 'withdrawn'];

export function threadOf(view: RequestView): Line[] {
  const { record } = view.request;
  const lines: Line[] = [{ side: 'asker', at: record.asked_at, what: 'asked', view: view.request }];
  const { sentAt, receivedAt, readAt } = causal(record.asked_at, view.delivery);
  if (sentAt) lines.push({ side: 'asker', at: sentAt, what: 'sent' });
  if (receivedAt) lines.push({ side: 'answerer', at: receivedAt, what: 'received' });
  if (readAt) lines.push({ side: 'answerer', at: readAt, what: 'read' });
  if (view.acknowledgement) {
    lines.push({ side: 'answerer', at: view.acknowledgement.record.at, what: 'acknowledged', view: view.acknowledgement });
  }
  const latest = view.answers.reduce((max, a) => (a.record.at > max ? a.record.at : max), '');
  for (const answer of view.answers) {
    lines.push({ side: 'answerer', at: answer.record.at, what: 'answered', view: answer, inForce: answer.record.at === latest });
  }
  for (const { commitment } of view.commitments) {
    if ((commitment.record.state ?? 'planned') === 'planned') continue;
    lines.push({ side: 'answerer', at: commitment.record.at, what: 'progress', view: commitment });
  }
  if (record.withdrawn) lines.push({ side: 'asker', at: record.at, what: 'withdrawn', view: view.request });
  return lines.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || ORDER.indexOf(a.what) - ORDER.indexOf(b.what));
}
