/**
 * The board of all requests, kept for the life of the session: the board, the inbox, the partners' bar and the
 * palette look at the same rows.  After the first load only the rows that a change concerns are asked for, so
 * a change among thousands costs the same as among ten.
 */
import { SvelteSet } from 'svelte/reactivity';

import { looking, Problem } from '../api/client';
import * as api from '../api/node';
import type { Row } from '../api/types';
import { merged } from '../lib/requests';
import { MOMENT, REQUEST_KINDS, stream, type Said } from './live.svelte';

/** Enough for events of one commit to come together, for the node tells them together. */
const TOGETHER_MS = 5;
/** While changes keep coming, rows are asked for no more often than this. */
const AT_MOST_EVERY_MS = 200;
/** The node takes so many ids at once; beyond it the whole board is the shorter way. */
const MAX_IDS = 100;

/** Putting thousands of rows by takes milliseconds; once in a while is enough. */
const REMEMBER_AFTER_MS = 10_000;

class Rows {
  all = $state.raw<Row[] | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);
  readonly byId = $derived(new Map((this.all ?? []).map((row) => [row.id, row])));
  #changed = new SvelteSet<string>();
  #everything = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = 0;
  #kept: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | null = null;

  /** Load, and stay current until `close`. */
  open(): void {
    this.close();
    this.#unwatch = stream.watch({ kinds: REQUEST_KINDS, wake: (said) => this.#wake(said) });
    this.#wake();
  }

  close(): void {
    this.#unwatch?.();
    this.#unwatch = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#kept);
    this.#kept = undefined;
    this.all = undefined;
  }

  /** In the shape of a `Live`, for what waits for data. */
  get data(): Row[] | undefined {
    return this.all;
  }

  #wake(said?: Said): void {
    // While the stream is live it names what we wrote; asking for everything would only be slower.
    if (said?.kind === 'wrote' && stream.state === 'live') return;
    if (!said || said.kind === 'wrote' || said === MOMENT) this.#everything = true;
    else if (said.kind === 'link') this.#undelivered().forEach((id) => this.#changed.add(id));
    else this.#changed.add(said.id);
    if (this.#timer !== undefined || (!this.#everything && !this.#changed.size)) return;
    const wait = Math.max(TOGETHER_MS, AT_MOST_EVERY_MS - (Date.now() - this.#lastAt));
    this.#timer = setTimeout(() => void this.#load(), this.all ? wait : 0);
  }

  /** Delivery goes on without a record changing hands; only what has not arrived can be told by a link. */
  #undelivered(): string[] {
    return (this.all ?? []).filter((row) => row.state === 'unsent' || row.state === 'sent').map((row) => row.id);
  }

  /** What is kept for when the node is away follows the rows, not only the last whole load. */
  #rememberSoon(): void {
    this.#kept ??= setTimeout(() => {
      this.#kept = undefined;
      if (this.all) api.requests.remember(this.all);
    }, REMEMBER_AFTER_MS);
  }

  async #load(): Promise<void> {
    const ids = [...this.#changed];
    const whole = this.#everything || !this.all || ids.length > MAX_IDS;
    this.#changed.clear();
    this.#everything = false;
    this.#lastAt = Date.now();
    const lens = looking();
    try {
      const rows = await api.requests.rows(whole ? [] : ids);
      if (looking() !== lens) return;
      this.all = whole ? rows : merged(this.all ?? [], rows, ids);
      this.problem = null;
      if (!whole) this.#rememberSoon();
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      if (!err.signedOut) this.problem = err;
      this.#everything = true; // whatever was missed comes with the next load
    } finally {
      this.#timer = undefined;
      if (looking() !== lens) this.#wake();
      else if (this.#changed.size) this.#wake({ id: [...this.#changed][0] ?? '', kind: 'request' });
    }
  }
}

export const rows = new Rows();
