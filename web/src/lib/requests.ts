/** How requests stand on the board: columns by state, filters, order, deadlines by the clock. */
import type { Answer, Lang, RecordView, RequestView, Row, State } from '../api/types';
import { inLanguage } from './text';

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

/** A whole request as a row of the board. */
export function rowOf(view: RequestView): Row {
  const { record, marking, source, cut } = view.request;
  const { id, to, label, at, asked_at, acknowledge_by, answer_by, priority, incident } = record;
  const { state, holder, overdue, fulfilled, actions } = view;
  const head = { id, to, label, marking, at, asked_at, acknowledge_by, answer_by, priority, incident, source, cut };
  const title = record.title ?? record.need ?? null;
  const review_at = inForce(view)?.record.review_at ?? null;
  return { ...head, title, state, holder, overdue, review_at, fulfilled: view.commitments.length ? fulfilled : [], moves: actions as Row['moves'] };
}

/** `all` with the rows asked for by `ids` exchanged, added in front, or gone if the node no longer shows them. */
export function merged(all: readonly Row[], fresh: readonly Row[], ids: readonly string[]): Row[] {
  const news = new Map(fresh.map((row) => [row.id, row]));
  const asked = new Set(ids);
  const kept = all.flatMap((row) => {
    const now = news.get(row.id);
    if (!now && asked.has(row.id)) return [];
    news.delete(row.id);
    return [now ?? row];
  });
  return [...news.values(), ...kept];
}

/** Asked of every row at each change, so without an array for each. */
export function ownerOf({ id }: Row): string {
  const end = id.indexOf('/');
  return end < 0 ? id : id.slice(0, end);
}

export type Filter = 'all' | 'mine' | 'theirs' | 'overdue';
export const FILTERS: readonly Filter[] = ['all', 'mine', 'theirs', 'overdue'];

/** `mine`: asked by us; `theirs`: asked of us. */
export function passes(row: Row, filter: Filter, hq: string, now: number): boolean {
  if (filter === 'mine') return ownerOf(row) === hq;
  if (filter === 'theirs') return ownerOf(row) !== hq;
  if (filter === 'overdue') return overdueOf(row, now) !== null;
  return true;
}

/** How many rows pass each filter. */
export function counted(rows: readonly Row[], hq: string, now: number): Record<Filter, number> {
  const counts = { all: rows.length, mine: 0, theirs: 0, overdue: 0 };
  for (const row of rows) {
    if (ownerOf(row) === hq) counts.mine += 1;
    if (overdueOf(row, now) !== null) counts.overdue += 1;
  }
  return { ...counts, theirs: rows.length - counts.mine };
}

/** Whether every word of `words` is in the row's title in any of its languages, or in its id. */
export function holds(row: Row, words: string): boolean {
  const text = row.title ? [row.title.text, ...(row.title.translations ?? []).map((t) => t.text)].join(' ') : '';
  const all = `${text} ${row.id}`.normalize('NFKC').toLowerCase();
  return words.normalize('NFKC').toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

export const titleOf = (row: Row, lang: Lang): string => inLanguage(row.title, lang)?.text ?? '';

export function outgoing(row: Row, hq: string): boolean {
  return ownerOf(row) === hq;
}

/** The other headquarters of a request as seen from `hq`. */
export function counterpart(row: Row, hq: string): string {
  return outgoing(row, hq) ? row.to : ownerOf(row);
}

/** Moments that were read before: a board asks for the same ones again and again. */
const MOST_MOMENTS = 40_000;
const moments = new Map<string, number>();

/** A moment as milliseconds since 1970. */
export function momentOf(at: string): number {
  let found = moments.get(at);
  if (found === undefined) {
    if (moments.size >= MOST_MOMENTS) moments.clear();
    found = Date.parse(at);
    moments.set(at, found);
  }
  return found;
}

export type Deadline = { what: 'acknowledge' | 'answer' | 'review'; at: string };

/** The next moment by which somebody has to act, or null when nothing more is due. */
export function nextDeadline(row: Row): Deadline | null {
  switch (columnOf(row.state)) {
    case 'waiting':
      return { what: 'acknowledge', at: row.acknowledge_by };
    case 'inHand':
      return { what: 'answer', at: row.answer_by };
    case 'promised':
    case 'moving':
      return row.review_at ? { what: 'review', at: row.review_at } : null;
    case 'closed':
      return null;
  }
}

/** The gravest deadline that has passed: the node's word, or the clock's since the row was loaded. */
export function overdueOf(row: Row, now: number): Deadline['what'] | null {
  const past = (at: string): boolean => momentOf(at) < now;
  switch (columnOf(row.state)) {
    case 'waiting':
      return past(row.answer_by) ? 'answer' : past(row.acknowledge_by) ? 'acknowledge' : null;
    case 'inHand':
      return past(row.answer_by) ? 'answer' : null;
    case 'promised':
    case 'moving':
      return row.review_at && past(row.review_at) ? 'review' : null;
    case 'closed':
      // A "declined" may be looked at again; only the node knows whether it said so.
      return row.overdue === 'review' ? 'review' : null;
  }
}

/** The answer that counts: the one its owner wrote last. */
export function inForce(view: RequestView): RecordView<Answer> | null {
  return view.answers.reduce<RecordView<Answer> | null>((latest, a) => (!latest || a.record.at >= latest.record.at ? a : latest), null);
}

export const PRIORITIES = ['flash', 'immediate', 'priority', 'routine'] as const;
const rank = (row: Row): number => PRIORITIES.indexOf(row.priority ?? 'routine');
const due = (row: Row): string => nextDeadline(row)?.at ?? row.answer_by;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Overdue first, then by precedence, then by what is due next. */
export function byUrgency(rows: readonly Row[], now: number): Row[] {
  const keyed = rows.map((row) => ({ row, late: overdueOf(row, now) ? 0 : 1, rank: rank(row), due: due(row) }));
  return keyed.sort((a, b) => a.late - b.late || a.rank - b.rank || compare(a.due, b.due)).map((k) => k.row);
}

export function grouped(rows: readonly Row[], now: number): Record<Column, Row[]> {
  const groups: Record<Column, Row[]> = { waiting: [], inHand: [], promised: [], moving: [], closed: [] };
  for (const row of rows) groups[columnOf(row.state)].push(row);
  for (const column of COLUMNS) groups[column] = byUrgency(groups[column], now);
  return groups;
}

export type SheetColumn = 'mark' | 'title' | 'from' | 'to' | 'priority' | 'state' | 'holder' | 'asked' | 'due' | 'progress';
export const SHEET: readonly SheetColumn[] = ['mark', 'title', 'from', 'to', 'priority', 'state', 'holder', 'asked', 'due', 'progress'];
export type Sort = { by: SheetColumn | 'urgency'; down: boolean };

/** What of it is done, of what was promised or else asked: 0 to 1. */
export function progressOf(row: Row): number {
  const all = (row.fulfilled ?? []).map((s) => Math.min(1, s.done / Math.max(s.offered, s.asked, 1e-9)));
  return all.length ? all.reduce((a, b) => a + b, 0) / all.length : 0;
}

/** The rows in the order a sheet is asked for; `name` gives a headquarters' name, `state` a state's word. */
export function sorted(rows: readonly Row[], sort: Sort, now: number, lang: Lang, name: (hq: string) => string): Row[] {
  if (sort.by === 'urgency') return sort.down ? byUrgency(rows, now).reverse() : byUrgency(rows, now);
  const key = KEYS[sort.by];
  const keyed = rows.map((row) => ({ row, key: key(row, lang, name) }));
  const collate = new Intl.Collator(lang, { numeric: true }).compare;
  const order = (a: string | number, b: string | number): number =>
    typeof a === 'number' && typeof b === 'number' ? a - b : collate(String(a), String(b));
  keyed.sort((a, b) => order(a.key, b.key) * (sort.down ? -1 : 1));
  return keyed.map((k) => k.row);
}

type Key = (row: Row, lang: Lang, name: (hq: string) => string) => string | number;
const KEYS: Record<SheetColumn, Key> = {
  mark: (row) => row.marking.en,
  title: (row, lang) => titleOf(row, lang),
  from: (row, _, name) => name(ownerOf(row)),
  to: (row, _, name) => name(row.to),
  priority: rank,
  state: (row) => Object.keys(COLUMN_OF).indexOf(row.state),
  holder: (row, _, name) => name(row.holder),
  asked: (row) => Date.parse(row.asked_at),
  due: (row) => Date.parse(nextDeadline(row)?.at ?? '9999-01-01T00:00:00Z'),
  progress: progressOf,
};

export type Unanswered = { count: number; oldest: string; late: boolean };

/** Per partner, what either side has asked and nobody has answered yet: how many, and since when the oldest waits. */
export function unanswered(rows: readonly Row[], hq: string, now: number): Record<string, Unanswered> {
  const found: Record<string, Unanswered> = {};
  for (const row of rows) {
    const column = columnOf(row.state);
    if (column !== 'waiting' && column !== 'inHand') continue;
    const partner = counterpart(row, hq);
    const before = found[partner];
    const oldest = before && before.oldest < row.asked_at ? before.oldest : row.asked_at;
    found[partner] = { count: (before?.count ?? 0) + 1, oldest, late: (before?.late ?? false) || overdueOf(row, now) !== null };
  }
  return found;
}
