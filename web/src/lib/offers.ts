/** Offers while they are being typed: times in RFC 3339 or empty, quantities as numbers. */
import type { Commitment, Item, Offer } from '../api/types';
import { inMinutes } from './dtg';

export type Draft = {
  what: string;
  quantity: number;
  unit: string;
  from_place: string;
  available_from: string;
  available_until: string;
};

/** Most support is spoken of in days; a person shortens it more easily than inventing it. */
const USUAL_MINUTES = 3 * 24 * 60;

export function emptyOffer(now: Date): Draft {
  return {
    what: '',
    quantity: 1,
    unit: '',
    from_place: '',
    available_from: inMinutes(now, 60).toISOString(),
    available_until: inMinutes(now, 60 + USUAL_MINUTES).toISOString(),
  };
}

/** What was asked, as what is offered: the answerer changes what differs. */
export function firstOffers(items: readonly Item[], now: Date): Draft[] {
  const drafts = items.map((i) => ({ ...emptyOffer(now), what: i.what, quantity: i.quantity, unit: i.unit ?? '' }));
  return drafts.length ? drafts : [emptyOffer(now)];
}

export function toOffer(draft: Draft): Offer {
  return {
    what: draft.what.trim(),
    quantity: Number(draft.quantity),
    unit: draft.unit.trim(),
    from_place: draft.from_place.trim(),
    available_from: draft.available_from || null,
    available_until: draft.available_until || null,
  };
}

/** How a promise is behind its window: not begun when it should have been, or not done by its end; null if not. */
export function lateness(c: Commitment, now: number): 'begin' | 'end' | null {
  const state = c.state ?? 'planned';
  if (state === 'cancelled') return null;
  const ended = state === 'done' ? Date.parse(c.at) : now;
  if (c.available_until && ended > Date.parse(c.available_until)) return 'end';
  return state === 'planned' && c.available_from && now > Date.parse(c.available_from) ? 'begin' : null;
}
