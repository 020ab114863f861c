/** The node's time, ticking once a second: ages and countdowns follow it, not the browser's clock. */

class Clock {
  now = $state(Date.now());
  /** The same in steps of ten seconds: for what is sorted or counted over whole boards. */
  readonly slow = $derived(Math.floor(this.now / 10_000) * 10_000);
  #skew = 0;

  constructor() {
    setInterval(() => (this.now = Date.now() + this.#skew), 1000);
  }

  /** What the node said the time is, in RFC 3339. */
  setNode(time: string): void {
    const node = Date.parse(time);
    if (Number.isNaN(node)) return;
    this.#skew = node - Date.now();
    this.now = node;
  }

  /** To the millisecond, for what is written down; `now` ticks. */
  get exact(): Date {
    return new Date(Date.now() + this.#skew);
  }

  get date(): Date {
    return new Date(this.now);
  }
}

export const clock = new Clock();
