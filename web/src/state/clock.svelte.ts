/**
 * The node's time, ticking once a second: ages and countdowns follow it, not the browser's clock.  While a moment
 * past is looked at, `now` is that moment; `present` goes on.
 */
import { past } from './past.svelte';

class Clock {
  present = $state(Date.now());
  readonly now = $derived(past.at ?? this.present);
  /** The same in steps of ten seconds: for what is sorted or counted over whole boards. */
  readonly slow = $derived(Math.floor(this.now / 10_000) * 10_000);
  #skew = 0;

  constructor() {
    setInterval(() => (this.present = Date.now() + this.#skew), 1000);
  }

  /** What the node said the time is, in RFC 3339. */
  setNode(time: string): void {
    const node = Date.parse(time);
    if (Number.isNaN(node)) return;
    this.#skew = node - Date.now();
    this.present = node;
  }

  /** To the millisecond, for what is written down; `now` ticks. */
  get exact(): Date {
    return new Date(Date.now() + this.#skew);
  }

  get date(): Date {
    return new Date(this.present);
  }
}

export const clock = new Clock();
