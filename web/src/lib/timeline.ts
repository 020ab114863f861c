/** Moments on a line: which are in sight, where they stand, and which stand so close that they are one mark. */

import { parseDtg } from './dtg';

/** `title` is asked for only where a mark is drawn: there may be thousands of moments. */
export type MomentKind = 'event' | 'incident' | 'request' | 'decision' | 'deadline';
/** `title` is asked for only where a mark is drawn: there may be thousands of moments. */
export type Moment = { at: number; kind: MomentKind; title: () => string; href: string; late?: boolean };
export type Span = { from: number; to: number };
/** `x` in parts of the whole, 0 to 1; the first of `all` is the one shown. */
export type Mark = { x: number; all: Moment[] };

const HOUR = 3_600_000;

/** The last `hours` and a quarter as much ahead, where deadlines stand. */
export function spanOf(now: number, hours: number): Span {
  return { from: now - hours * HOUR, to: now + (hours / 4) * HOUR };
}

/** The span up to now, or one around a moment that lies before it. */
export function spanAround(now: number, hours: number, at: number | null): Span {
  const span = spanOf(now, hours);
  return at === null || at >= span.from ? span : { from: at - (hours / 2) * HOUR, to: at + (hours * 3 * HOUR) / 4 };
}

export const placeOf = (at: number, span: Span): number => (at - span.from) / (span.to - span.from);

/** Marks no closer than `apart` (in parts of the whole), each with the moments that fall on it, oldest first. */
export function marksOf(moments: readonly Moment[], span: Span, apart: number): Mark[] {
  const seen = moments.filter((m) => m.at >= span.from && m.at <= span.to).sort((a, b) => a.at - b.at);
  const marks: Mark[] = [];
  for (const moment of seen) {
    const x = placeOf(moment.at, span);
    const last = marks.at(-1);
    if (last && x - last.x < apart) last.all.push(moment);
    else marks.push({ x, all: [moment] });
  }
  return marks;
}

/** Whole hours to write on the axis, no more than `most` of them. */
export function hoursOf(span: Span, most: number): number[] {
  const steps = [1, 2, 3, 6, 12, 24].map((h) => h * HOUR);
  const step = steps.find((s) => (span.to - span.from) / s <= most) ?? 48 * HOUR;
  const first = Math.ceil(span.from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((span.to - first) / step) + 1) }, (_, i) => first + i * step);
}

/** The moment under a pointer, within the span. */
export function placed(x: number, box: { left: number; width: number }, span: Span): number {
  const part = Math.max(0, Math.min(1, (x - box.left) / box.width));
  return Math.floor(span.from + part * (span.to - span.from));
}

/** What somebody typed as a moment that has been: a date-time group, or ISO (UTC unless it says otherwise). */
export function momentTyped(typed: string, now: number): number | null {
  const text = typed.trim();
  const iso = /^\d{4}-/.test(text) ? new Date(/[zZ]$|[+-]\d\d:?\d\d$/.test(text) ? text : text + 'Z') : null;
  const at = (iso ?? parseDtg(text, new Date(now)))?.getTime() ?? NaN;
  return Number.isNaN(at) || at >= now ? null : at;
}

/**
 * What a key does on the axis: to the event before or after, or to a moment (null: now); undefined: not ours.
 * Shift goes by the hour, Home to where the axis begins, End and Escape back to now.
 */
export function stepOf(key: string, shift: boolean, asOf: number | null, span: Span, now: number): 'next' | 'previous' | { to: number | null } | undefined {
  if (key === 'Home') return { to: span.from };
  if (key === 'End' || (key === 'Escape' && asOf !== null)) return { to: null };
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return undefined;
  const forward = key === 'ArrowRight';
  if (!shift) return forward ? 'next' : 'previous';
  const to = (asOf ?? now) + (forward ? HOUR : -HOUR);
  return { to: to >= now ? null : to };
}
