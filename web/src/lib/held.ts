/** What waits for a disclosure officer: how it presses, in what order, and who may still decide on it. */
import type { Held, ReviewPost } from '../api/types';

export type Pressing = 'overdue' | 'remind' | 'waiting';
export const PRESSING: readonly Pressing[] = ['overdue', 'remind', 'waiting'];
/** The reminder comes when this share of the time the policy gives is left. */
export const REMIND_AT = 0.25;
const PRECEDENCE = ['flash', 'immediate', 'priority'];

/** Where an item stands against the policy's deadline: its reminder is due, or the deadline has passed. */
export function pressing(held: Pick<Held, 'due' | 'since'>, now: number): Pressing {
  const due = Date.parse(held.due);
  if (now >= due) return 'overdue';
  return now >= due - REMIND_AT * (due - Date.parse(held.since)) ? 'remind' : 'waiting';
}

export const heldKey = (held: Pick<Held, 'id' | 'version' | 'partner'>): string => `${held.id} ${held.version} ${held.partner}`;

/** The latest first: late ones rise by themselves as the clock goes on. */
export function inOrder(items: readonly Held[], now: number): Held[] {
  const rank = (h: Held): number => {
    const at = PRECEDENCE.indexOf(h.priority);
    return PRESSING.indexOf(pressing(h, now)) * 10 + (at < 0 ? PRECEDENCE.length : at);
  };
  return [...items].sort((a, b) => rank(a) - rank(b) || Date.parse(a.since) - Date.parse(b.since) || (heldKey(a) < heldKey(b) ? -1 : 1));
}

/** Who signed once may not sign again: the rule asks for another officer. */
export const signedBy = (held: Pick<Held, 'signatures'>, account: string): boolean => held.signatures.some((s) => s.account === account);

/** The posts of which one has yet to sign; none where one has, or where the structure in force names nobody. */
export function awaited<P extends ReviewPost>(held: Pick<Held, 'signatures'>, posts: readonly P[]): readonly P[] {
  const names = new Set(posts.flatMap((post) => [post.code, post.names.en, post.names.ja]).filter(Boolean));
  return held.signatures.some((s) => names.has(s.by)) ? [] : posts;
}

/** Those of the selection that are still there and that `account` may decide on. */
export function decidable(items: readonly Held[], selected: ReadonlySet<string>, account: string): Held[] {
  return items.filter((h) => selected.has(heldKey(h)) && !signedBy(h, account));
}
