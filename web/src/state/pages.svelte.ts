/** A list in pages: the newest stays current, older ones are fetched when asked for and then stay as they were. */
import { onDestroy } from 'svelte';

import { Problem } from '../api/client';
import type { Page } from '../api/node';
import { Live, MOMENT, stream } from './live.svelte';

export class Pages<X> {
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  #older = $state.raw<X[]>([]);
  #next = $state.raw<string | null | undefined>(undefined);
  /** Where the first older page began: what the newest page no longer holds was fetched from there. */
  #key: (item: X) => string;
  #load: (before?: string) => Promise<Page<X>>;
  readonly newest = new Live<Page<X>>(() => this.#load());

  constructor(load: (before?: string) => Promise<Page<X>>, key: (item: X) => string) {
    this.#load = load;
    this.#key = key;
  }

  /** Everything fetched so far, each item once. */
  readonly items = $derived.by(() => {
    const newest = this.newest.data?.items;
    const held = newest?.map((item) => this.#key(item)) ?? [];
    return newest && [...newest, ...this.#older.filter((item) => !held.includes(this.#key(item)))];
  });

  get data(): X[] | undefined {
    return this.items;
  }

  /** Whether older ones are left to fetch. */
  readonly more = $derived(Boolean(this.#next === undefined ? this.newest.data?.next : this.#next));

  /** Of another moment: what was fetched of the one before goes. */
  again(): void {
    this.#older = [];
    this.#next = undefined;
    void this.newest.now();
  }

  async older(): Promise<void> {
    const before = this.#next === undefined ? this.newest.data?.next : this.#next;
    if (!before || this.busy) return;
    this.busy = true;
    try {
      // What the newest page holds now may have moved on by the time it is loaded again: keep it.
      const held = this.#older.length ? [] : (this.newest.data?.items ?? []);
      const page = await this.#load(before);
      this.#older = [...held, ...this.#older, ...page.items];
      this.#next = page.next ?? null;
      this.problem = null;
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      this.problem = err;
    } finally {
      this.busy = false;
    }
  }
}

/** Pages for the life of the component that asks. */
export function pages<X>(load: (before?: string) => Promise<Page<X>>, key: (item: X) => string, kinds: readonly string[]): Pages<X> {
  const all = new Pages(load, key);
  const unwatch = stream.watch({ kinds, wake: (said) => (said === MOMENT ? all.again() : all.newest.wake()) });
  onDestroy(() => {
    unwatch();
    all.newest.stop();
  });
  void all.newest.now();
  return all;
}
