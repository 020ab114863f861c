/** What waits for a disclosure officer, for the rail, the inbox and the queue's own page; empty for everybody else. */
import type { HeldQueue } from '../api/types';

class Review {
  queue = $state.raw<HeldQueue>({ items: [], total: 0 });
}

export const review = new Review();
