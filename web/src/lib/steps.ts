/** The course of a request as both headquarters see it: each step, on whose side it is taken, and when it was. */
import type { RequestView, State } from '../api/types';
import { inForce, ownerOf, rowOf } from './requests';

export type StepName = 'asked' | 'sent' | 'received' | 'read' | 'acknowledged' | 'answered' | 'underWay' | 'done';
/** `at` null and `taken` true: taken, but the moment is not known here (it was overtaken by a later step). */
export type Step = { name: StepName; hq: string; at: string | null; taken: boolean };

/** How far each state has come, as a number of steps taken. */
const REACHED: Record<State, number> = {
  unsent: 1,
  sent: 2,
  received: 3,
  read: 4,
  acknowledged: 5,
  accepted: 6,
  'partly accepted': 6,
  declined: 6,
  'under way': 7,
  done: 8,
  withdrawn: 1,
};

export function stepsOf(view: RequestView): Step[] {
  const asker = ownerOf(rowOf(view));
  const answerer = view.request.record.to;
  const begun = view.commitments.map((c) => c.commitment.record).filter((c) => c.state === 'under way' || c.state === 'done');
  const first = begun.map((c) => c.at).sort()[0] ?? null;
  const last = view.state === 'done' ? (begun.map((c) => c.at).sort().at(-1) ?? null) : null;
  const moments: [StepName, string, string | null | undefined][] = [
    ['asked', asker, view.request.record.asked_at],
    ['sent', asker, view.delivery.sentAt],
    ['received', answerer, view.delivery.receivedAt],
    ['read', answerer, view.delivery.readAt],
    ['acknowledged', answerer, view.acknowledgement?.record.at],
    ['answered', answerer, inForce(view)?.record.at],
    ['underWay', answerer, first],
    ['done', answerer, last],
  ];
  const reached = REACHED[view.state] ?? 1;
  return moments.map(([name, hq, at], i) => ({ name, hq, at: at ?? null, taken: Boolean(at) || i < reached }));
}
