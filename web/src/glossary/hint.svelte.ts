/** The one hint on screen: which term, and where.  It stays while the pointer is on it, and Escape puts it away. */
import type { Term } from './sources';

/** From the word to its hint the pointer crosses a gap. */
const LINGER_MS = 200;

class Hint {
  term = $state.raw<Term | null>(null);
  x = $state(0);
  y = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(term: Term, at: EventTarget | null): void {
    if (!(at instanceof HTMLElement)) return;
    clearTimeout(this.#timer);
    const box = at.getClientRects()[0] ?? at.getBoundingClientRect();
    this.term = term;
    this.x = box.left;
    this.y = box.bottom;
  }

  stay(): void {
    clearTimeout(this.#timer);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), LINGER_MS);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.term = null;
  }
}

export const hint = new Hint();
