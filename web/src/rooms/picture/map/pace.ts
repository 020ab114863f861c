/**
 * How often may something be drawn that takes the graphics long?  A frame that is not finished holds up the next, and with
 * it every movement of the pointer.  So what a drawing cost is waited for, and a rest that is a multiple of it, before
 * the next.  Where drawing costs less than a frame there is no rest at all.
 */

/** Two frames of a screen and a little: what passes between a drawing and the second frame after it if nothing is held up. */
const UNHINDERED_MS = 40;

export class Pace {
  #busy = 0;
  #next = -Infinity;
  /** Whether the last one held anything up. */
  slow = false;

  /** `rest`: how many times its cost a drawing is followed by nothing of the kind, but no longer than `most` milliseconds. */
  constructor(
    private readonly rest: number,
    private readonly most: number,
    private readonly frame: (then: () => void) => void = (then) => void requestAnimationFrame(then),
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Milliseconds until the next may be drawn: 0 now, `Infinity` while one that may be slow is not known to be seen. */
  get wait(): number {
    return this.#busy && this.slow ? Infinity : Math.max(0, this.#next - this.now());
  }

  /** Something was drawn in what began `spent` milliseconds ago; `then` once it is seen. */
  drawn(spent: number, then: () => void = () => undefined): void {
    const begun = this.now();
    this.#busy += 1;
    this.frame(() => this.frame(() => {
      this.#busy -= 1;
      const late = this.now() - begun - UNHINDERED_MS;
      this.slow = late > 0;
      this.#next = this.now() + Math.min(Math.max(0, late, spent) * this.rest, this.most);
      then();
    }));
  }
}
