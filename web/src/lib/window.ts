/** Which lines of a long list are in sight. */

/** Lines kept beyond the edges: a key press moves the focus to one, and a fast scroll shows no gap. */
const BEYOND = 6;

/** First and one past the last of `count` lines of `height` pixels, scrolled to `top` in `room` pixels. */
export function windowOf(count: number, height: number, top: number, room: number): { from: number; to: number } {
  const first = Math.floor(top / height) - BEYOND;
  const last = Math.ceil((top + room) / height) + BEYOND;
  const to = Math.max(0, Math.min(count, last));
  return { from: Math.max(0, Math.min(first, to)), to };
}
