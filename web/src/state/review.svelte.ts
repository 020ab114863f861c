/**
 * What waits for a disclosure officer, for the rail, the inbox and the queue's own page (empty for everybody else),
 * and what officers sent back to one's own post.
 */
import type { HeldQueue, SentBack } from '../api/types';

class Review {
  returned = $state.raw<SentBack[]>([]);
  queue = $state.raw<HeldQueue>({ items: [], total: 0, posts: [] });
}

export const review = new Review();
