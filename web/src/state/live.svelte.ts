/**
 * Data that stays current.  A `Live` loads once, then again whenever the stream names a kind it
 * depends on; bursts are taken together.  When the node is away the last data stays on screen and
 * `live.state` says so: nothing here ever empties a list because of a broken connection.
 */
import { onDestroy } from 'svelte';
import { SvelteSet } from 'svelte/reactivity';

import { Problem } from '../api/client';
import type { ServerEvent } from '../api/sse';
import { openStream, type StreamEnd, type StreamState } from '../api/stream';
import { past } from './past.svelte';

/** Below what a person perceives as a delay, above the spacing of a burst. */
const TOGETHER_MS = 60;
/** While changes keep coming, a list reloads no more often than this. */
const AT_MOST_EVERY_MS = 400;

/** A far node answers within this; whoever waits longer reads without the stream, and again when it stands. */
const BEGIN_WITHIN_MS = 300;

/** What the stream said: a record's id and kind, or nothing where everything may have changed. */
export type Said = { id: string; kind: string };
/** Something of our own was written: which records it made, the stream will say. */
const WROTE: Said = { id: '', kind: 'wrote' };
/** Another moment is looked at: whatever is shown is of a moment gone by. */
export const MOMENT: Said = { id: '', kind: 'moment' };
type Watcher = { kinds: readonly string[]; wake: (said?: Said) => void };

class Stream {
  state = $state<StreamState>('connecting');
  /** When the stream was last known to be good, in the browser's milliseconds. */
  goodAt = $state(Date.now());
  lag = $state(0);
  /** Told of every change of state. */
  onstate: (state: StreamState) => void = () => undefined;
  /** Something read before is to be shown no more, here or in what is kept. */
  onforget: () => void = () => undefined;
  #end: StreamEnd | null = null;
  #begun: () => void = () => undefined;
  #watchers = new SvelteSet<Watcher>();

  /**
   * Resolves when the node has answered, or has not for a moment: what is read from then on need not be read
   * again when the stream stands, because it tells of every change since.
   */
  open(): Promise<void> {
    this.close();
    const begun = new Promise<void>((resolve) => {
      this.#begun = resolve;
      setTimeout(resolve, BEGIN_WITHIN_MS);
    });
    this.#end = openStream({ event: (e) => this.#event(e), state: (s) => this.#state(s) });
    return begun;
  }

  close(): void {
    this.#end?.close();
    this.#end = null;
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** After a write of our own: do not wait for the stream to say it. */
  wakeAll(): void {
    for (const watcher of this.#watchers) watcher.wake(WROTE);
  }

  /** Another moment is looked at. */
  turn(): void {
    for (const watcher of this.#watchers) watcher.wake(MOMENT);
  }

  #everything(): void {
    for (const watcher of this.#watchers) watcher.wake();
  }

  #state(state: StreamState): void {
    if (this.state === 'live') this.goodAt = Date.now();
    const back = state === 'live' && this.state !== 'live';
    this.state = state;
    this.onstate(state);
    if (back) this.#everything();
    if (state !== 'connecting') this.#begun();
  }

  #event({ event, data }: ServerEvent): void {
    const said = parse(data);
    if (event === 'position') this.lag = typeof said.lag === 'number' ? said.lag : 0;
    // Its owner took a record back, or the node could not resume where we were and may have missed telling so.
    if (event === 'gone' || event === 'reset') {
      this.onforget();
      return this.#everything();
    }
    // What happens now is not of the moment looked at.
    if (past.on) return;
    const kind = event === 'record' ? String(said.kind) : event;
    const about = { id: typeof said.id === 'string' ? said.id : '', kind };
    for (const watcher of this.#watchers) {
      if (watcher.kinds.includes(kind) || watcher.kinds.includes('*')) watcher.wake(about);
    }
  }
}

function parse(data: string): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(data);
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export const stream = new Stream();
past.onchange = () => stream.turn();

export class Live<T> {
  data = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);
  #load: () => Promise<T>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastLoad = 0;
  #turn = 0;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Load soon; calls that come close together load once. */
  wake(): void {
    if (this.#timer !== undefined) return;
    const since = Date.now() - this.#lastLoad;
    const wait = Math.max(TOGETHER_MS, AT_MOST_EVERY_MS - since);
    this.#timer = setTimeout(() => void this.now(), wait);
  }

  /** Load at once.  An older answer that arrives after a newer one is dropped. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastLoad = Date.now();
    const turn = ++this.#turn;
    try {
      const data = await this.#load();
      if (turn !== this.#turn) return;
      this.data = data;
      this.problem = null;
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      if (turn !== this.#turn || err.signedOut) return;
      if (err.status === 404) this.data = undefined; // taken back, or not for this reader any more
      this.problem = err;
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#turn = -1;
  }
}

/** A `Live` for the life of the component that asks; `kinds` are record kinds, `link`, or `*`. */
export function live<T>(load: () => Promise<T>, kinds: readonly string[]): Live<T> {
  const data = new Live(load);
  const unwatch = stream.watch({ kinds, wake: () => data.wake() });
  onDestroy(() => {
    unwatch();
    data.stop();
  });
  void data.now();
  return data;
}

/** The kinds a request's state is made of. */
export const REQUEST_KINDS = ['request', 'read', 'acknowledgement', 'answer', 'commitment', 'link'] as const;
export const TASK_KINDS = ['task', 'task-report', 'read', 'acknowledgement', 'link'] as const;
