/**
 * What needs this headquarters' watch now, out of everything on record: one list by urgency.
 *
 * No floods: what has one cause is one matter.  Requests that cannot leave because a link is down belong to that
 * link; more than `TOGETHER` matters of one cause with one partner stand as one, with the rows inside.
 */
import type { Handover, Held, Label, Marking, Partner, RecordView, Row, SentBack, TaskView, Text } from '../api/types';
import { columnOf, counterpart, momentOf, nextDeadline, outgoing, overdueOf, PRIORITIES } from './requests';
import { href } from './routes';
import { heldKey, pressing, signedBy } from './held';

export type Urgency = 'now' | 'soon' | 'open';
export const URGENCIES: readonly Urgency[] = ['now', 'soon', 'open'];
export type Cause = 'link' | 'evidence' | 'acknowledge' | 'answer' | 'review' | 'task' | 'handover' | 'chase' | 'declined' | 'disclosure' | 'returned' | 'concerns';

export type Matter = {
  /** The same while it is the same matter: what a person silenced stays silenced. */
  key: string;
  cause: Cause;
  urgency: Urgency;
  hq: string;
  /** Repeats until it is acknowledged: on record for requests and tasks, here for links. */
  calls: boolean;
  href: string;
  /** When it is due, or since when it is so. */
  at: string | null;
  title: Text | null;
  /** Why it needs me, in somebody's words. */
  note: Text | null;
  shown: { label: Label; marking: Marking } | null;
  priority: NonNullable<Row['priority']>;
  overdue: boolean;
  /** It comes to one's own post by the structure in force. */
  mine: boolean;
  /** How many it stands for, and which of the board. */
  count: number;
  inside: Matter[];
};

export type Known = { hq: string; account: string; now: number; rows: readonly Row[]; tasks: readonly TaskView[]; partners: readonly Partner[]; handover: RecordView<Handover> | undefined; functions?: readonly string[]; held?: readonly Held[]; returned?: readonly SentBack[] };

/** More of one cause than this are one matter. */
export const TOGETHER = 5;
const MINUTE = 60_000;
const SOON_ACKNOWLEDGE = 5 * MINUTE;
const SOON_ANSWER = 20 * MINUTE;

const EMPTY = { calls: false, at: null, title: null, note: null, shown: null, priority: 'routine', overdue: false, mine: false, count: 1, inside: [] } satisfies Partial<Matter>;

export function mattersOf(known: Known): Matter[] {
  const all = [...links(known), ...known.rows.flatMap((row) => ofRow(row, known)), ...known.tasks.flatMap((task) => ofTask(task, known)), ...ofHandover(known), ...(known.held ?? []).flatMap((held) => ofHeld(held, known)), ...(known.returned ?? []).map(ofReturned)];
  return together(all).sort(byUrgency);
}

/** Plainly by characters: a thousand times over, a collator would be felt. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function byUrgency(a: Matter, b: Matter): number {
  const rank = (m: Matter): number => URGENCIES.indexOf(m.urgency) * 100 + (m.overdue ? 0 : 20) + (m.mine ? 0 : 10) + PRIORITIES.indexOf(m.priority);
  return rank(a) - rank(b) || compare(a.at ?? '9', b.at ?? '9') || compare(a.key, b.key);
}

/** A link that is not up, with all that waits for it. */
function links({ partners, rows }: Known): Matter[] {
  return partners.filter((p) => p.inForce !== false).flatMap((p) => {
    const waiting = rows.filter((row) => row.to === p.hq && row.state === 'unsent').length;
    const place = { ...EMPTY, hq: p.hq, href: href('partners', p.hq), calls: true, urgency: 'now' as const };
    const down: Matter[] = p.link.state === 'down' || p.link.state === 'off' ? [{ ...place, key: `link:${p.hq}:${p.link.state}`, cause: 'link', at: p.link.since ?? null, count: Math.max(1, waiting) }] : [];
    const evidence: Matter[] = p.evidence ? [{ ...place, key: `evidence:${p.hq}:${p.evidence}`, cause: 'evidence', count: p.evidence }] : [];
    return [...down, ...evidence];
  });
}

function ofRow(row: Row, known: Known): Matter[] {
  const { hq, now } = known;
  const due = nextDeadline(row);
  const overdue = overdueOf(row, now) !== null;
  const left = due ? momentOf(due.at) - now : Infinity;
  const pressing = row.priority === 'flash' || row.priority === 'immediate';
  const matter = (cause: Cause, urgency: Urgency, act = ''): Matter[] => [
    { ...EMPTY, key: `${cause}:${row.id}`, cause, urgency, hq: counterpart(row, hq), calls: cause === 'acknowledge', href: href('requests', row.id, act ? { do: act } : undefined), at: due?.at ?? row.at, title: row.title ?? null, shown: row, priority: row.priority ?? 'routine', overdue, mine: (known.functions ?? []).includes(row.function ?? '-') },
  ];
  if (outgoing(row, hq)) {
    const link = known.partners.find((p) => p.hq === row.to)?.link.state;
    if (overdue && row.state !== 'unsent' && link === 'up') return matter('chase', 'soon');
    return row.state === 'declined' && now - Date.parse(row.at) < 60 * MINUTE ? matter('declined', 'open') : [];
  }
  if (row.to !== hq) return [];
  const moves = row.moves ?? [];
  if (moves.includes('acknowledge')) return matter('acknowledge', overdue || pressing || left < SOON_ACKNOWLEDGE ? 'now' : 'soon', 'acknowledge');
  if (columnOf(row.state) === 'inHand' && moves.includes('answer')) return matter('answer', overdue ? 'now' : pressing || left < SOON_ANSWER ? 'soon' : 'open', 'answer');
  if (overdue && moves.includes('progress')) return matter('review', 'soon');
  // Whoever's post it comes to by the structure sees it, even if answering is for another's role.
  const asked = columnOf(row.state) === 'waiting' || columnOf(row.state) === 'inHand';
  return asked && (known.functions ?? []).includes(row.function ?? '-') ? matter('concerns', 'open') : [];
}

function ofTask(view: TaskView, { hq, now }: Known): Matter[] {
  const task = view.task.record;
  if (task.to !== hq || !view.actions.some((a) => a === 'acknowledge' || a === 'answer' || a === 'progress')) return [];
  const overdue = task.due ? Date.parse(task.due) < now : false;
  const asked = view.actions.includes('acknowledge') && !task.id.startsWith(hq + '/');
  const shown = { label: task.label, marking: view.task.marking };
  return [{ ...EMPTY, key: `task:${task.id}`, cause: 'task', urgency: overdue ? 'now' : asked ? 'soon' : 'open', hq: task.id.split('/')[0] ?? '', calls: asked && overdue, href: href('tasks'), at: task.due ?? null, title: task.title ?? null, shown, overdue }];
}

/** A sheet that waits for the relief's signature concerns everybody but who wrote it. */
function ofHandover({ handover, account, hq }: Known): Matter[] {
  if (!handover || handover.record.incoming || handover.record.outgoing.account === account) return [];
  return [{ ...EMPTY, key: `handover:${handover.record.id}`, cause: 'handover', urgency: 'soon', hq, href: href('handover'), at: handover.record.outgoing.at, shown: handover.record ? { label: handover.record.label, marking: handover.marking } : null }];
}

/** What waits for this officer's signature: it presses by the policy's own deadline; one's own signature is not asked twice. */
function ofHeld(held: Held, { account, now }: Known): Matter[] {
  if (signedBy(held, account)) return [];
  const at = pressing(held, now);
  const { record, marking } = held.record;
  const { title, priority } = headOf(record, held.priority);
  return [{ ...EMPTY, key: `disclosure:${heldKey(held)}`, cause: 'disclosure', urgency: at === 'overdue' ? 'now' : at === 'remind' ? 'soon' : 'open', hq: held.partner, href: '#/release/review', at: held.due, title, shown: { label: record.label, marking }, priority, overdue: at === 'overdue' }];
}

/** What an officer sent back: the author corrects it, and until then nobody at the partner gets it. */
function ofReturned({ id, version, partner, record: { record, marking }, priority: graded, word }: SentBack): Matter {
  const { title, priority } = headOf(record, graded);
  const urgency = priority === 'flash' || priority === 'immediate' ? 'now' : 'soon';
  return { ...EMPTY, key: `returned:${heldKey({ id, version, partner })}`, cause: 'returned', urgency, hq: partner, href: href('release', id), at: word.at, title, note: word.reason ?? null, shown: { label: record.label, marking }, priority };
}

/** How a record is named in the inbox, and its precedence, routine where it has none. */
function headOf(record: object, graded: string): { title: Text | null; priority: Matter['priority'] } {
  const named = record as { title?: Text; text?: Text };
  return { title: named.title ?? named.text ?? null, priority: PRIORITIES.find((p) => p === graded) ?? 'routine' };
}

/** Matters of one cause, urgency and partner as one, where they are many. */
function together(all: Matter[]): Matter[] {
  const groups: Record<string, Matter[]> = {};
  for (const matter of all) (groups[`${matter.cause}:${matter.urgency}:${matter.hq}`] ??= []).push(matter);
  return Object.entries(groups).flatMap(([key, group]) => {
    const [first] = group.sort(byUrgency);
    if (!first || group.length <= TOGETHER) return group;
    return [{ ...first, key, title: null, note: null, shown: null, href: '#/attention', count: group.length, inside: group }];
  });
}

/** Whether to call now: what must be acknowledged and was not, and when it was last called. */
export function mustCall(matters: readonly Matter[], silenced: ReadonlySet<string>, lastCall: number, now: number): boolean {
  const calling = matters.some((m) => m.urgency === 'now' && m.calls && !silenced.has(m.key));
  return calling && now - lastCall >= REPEAT_MS;
}
/** Often enough to be heard by whoever just came back, seldom enough to think between. */
export const REPEAT_MS = 60_000;
