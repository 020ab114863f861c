/** Moments on a line: which are in sight, where they stand, and which stand so close that they are one mark. */

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
