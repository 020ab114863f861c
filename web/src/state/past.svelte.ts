/**
 * Looking at a moment past: the whole client shows what this node knew then, or what a partner had confirmed.
 *
 * The moment is in the page's address, so that it can be shared and survives a reload.  While it is set the
 * stream wakes nothing, nothing read is kept, and nothing can be written.
 */
import { lookThrough } from '../api/client';
import { lensOf, searchOf, type Lens } from '../api/lens';

/** How long one step of a replay stands: a glance at the board. */
const STEP_MS = 2500;
/** Replay from event to event, or by the clock: minutes to a step. */
export const PACES = [0, 1, 10, 60] as const;
export type Pace = (typeof PACES)[number];

class Past {
  #lens = $state.raw<Lens | null>(lensOf(location.search));
  /** Moments at which something happened, oldest first: what steps go by. */
  events = $state.raw<readonly number[]>([]);
  pace = $state<Pace>(0);
  playing = $state(false);
  /** Answers that are on their way; while there are any the screen may still show another moment. */
  waiting = $state(0);
  /** Told of every change: what is shown is to be read again. */
  onchange: () => void = () => undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    lookThrough(this.#lens, (more) => (this.waiting += more));
    addEventListener('popstate', () => this.#take(lensOf(location.search)));
  }

  get on(): boolean {
    return this.#lens !== null;
  }
  get at(): number | null {
    return this.#lens?.at ?? null;
  }
  get knownTo(): string {
    return this.#lens?.knownTo ?? '';
  }

  /** To a moment, seen by ourselves or a partner; to null or a moment that is not over: back to now. */
  go(at: number | null, knownTo = this.knownTo): void {
    const lens = at === null || at >= Date.now() ? null : { at, knownTo };
    if (lens === null) this.pause();
    history.replaceState(history.state, '', location.pathname + searchOf(lens) + location.hash);
    this.#take(lens);
  }

  /** To the next event after the moment (or before it); past the last one: to now. */
  step(forward: boolean): void {
    const here = this.at ?? Date.now();
    const next = forward ? this.events.find((e) => e > here) : this.events.findLast((e) => e < here);
    if (next !== undefined) this.go(next);
    else if (forward) this.go(null);
  }

  play(): void {
    this.pause();
    this.playing = true;
    this.#timer = setInterval(() => this.#tick(), STEP_MS);
    this.#tick();
  }

  pause(): void {
    clearInterval(this.#timer);
    this.playing = false;
  }

  /** A step waits until the one before it is on the screen. */
  #tick(): void {
    if (this.waiting) return;
    if (this.pace === 0) this.step(true);
    else this.go((this.at ?? Date.now()) + this.pace * 60_000);
  }

  #take(lens: Lens | null): void {
    const same = lens?.at === this.at && (lens?.knownTo ?? '') === this.knownTo;
    this.#lens = lens;
    lookThrough(lens, (more) => (this.waiting += more));
    if (!same) this.onchange();
  }
}

export const past = new Past();
