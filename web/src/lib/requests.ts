/** How requests stand on the board: columns by state, filters, and the order within a column. */
import type { RequestView, State } from '../api/types';

export type Column = 'waiting' | 'inHand' | 'promised' | 'moving' | 'closed';
export const COLUMNS: readonly Column[] = ['waiting', 'inHand', 'promised', 'moving', 'closed'];

const COLUMN_OF: Record<State, Column> = {
  unsent: 'waiting',
  sent: 'waiting',
  received: 'waiting',
  read: 'waiting',
  acknowledged: 'inHand',
  accepted: 'promised',
  'partly accepted': 'promised',
  'under way': 'moving',
  done: 'closed',
  declined: 'closed',
  withdrawn: 'closed',
};

/** A state that a newer node names and this client does not know waits where it is seen first. */
export function columnOf(state: string): Column {
  return COLUMN_OF[state as State] ?? 'waiting';
}

export type Filter = 'all' | 'mine' | 'theirs' | 'overdue';
export const FILTERS: readonly Filter[] = ['all', 'mine', 'theirs', 'overdue'];

const owner = (view: RequestView): string => view.request.record.id.split('/')[0] ?? '';

/** `mine`: asked by us; `theirs`: asked of us. */
export function passes(view: RequestView, filter: Filter, hq: string): boolean {
  if (filter === 'mine') return owner(view) === hq;
  if (filter === 'theirs') return owner(view) !== hq;
  if (filter === 'overdue') return view.overdue !== null;
  return true;
}

export function outgoing(view: RequestView, hq: string): boolean {
  return owner(view) === hq;
}

/** The other headquarters of a request as seen from `hq`. */
export function counterpart(view: RequestView, hq: string): string {
  return outgoing(view, hq) ? view.request.record.to : owner(view);
}

export type Deadline = { what: 'acknowledge' | 'answer' | 'review'; at: string };

/** The next moment by which somebody has to act, or null when nothing more is due. */
export function nextDeadline(view: RequestView): Deadline | null {
  const { acknowledge_by, answer_by } = view.request.record;
  switch (columnOf(view.state)) {
    case 'waiting':
      return { what: 'acknowledge', at: acknowledge_by };
    case 'inHand':
      return { what: 'answer', at: answer_by };
    case 'promised':
    case 'moving': {
      const at = inForce(view)?.record.review_at;
      return at ? { what: 'review', at } : null;
    }
    case 'closed':
      return null;
  }
}

/** The answer that counts: the one its owner wrote last. */
export function inForce(view: RequestView): RequestView['answers'][number] | null {
  return view.answers.reduce<RequestView['answers'][number] | null>(
    (latest, a) => (!latest || a.record.at >= latest.record.at ? a : latest),
    null,
  );
}

const PRIORITIES = ['flash', 'immediate', 'priority', 'routine'];

/** Overdue first, then by precedence, then by what is due next. */
export function byUrgency(a: RequestView, b: RequestView): number {
  const late = Number(b.overdue !== null) - Number(a.overdue !== null);
  if (late) return late;
  const rank = (v: RequestView): number => PRIORITIES.indexOf(v.request.record.priority ?? 'routine');
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const due = (v: RequestView): string => nextDeadline(v)?.at ?? v.request.record.answer_by;
  return due(a) < due(b) ? -1 : due(a) > due(b) ? 1 : 0;
}

export function grouped(views: readonly RequestView[]): Record<Column, RequestView[]> {
  const groups: Record<Column, RequestView[]> = { waiting: [], inHand: [], promised: [], moving: [], closed: [] };
  for (const view of views) groups[columnOf(view.state)].push(view);
  for (const column of COLUMNS) groups[column].sort(byUrgency);
  return groups;
}
