/**
 * Writes that wait for the node.  Each keeps the key it was first sent under, so that the node does it once
 * however often it is sent; they go in the order in which they were made, with growing pauses while the node
 * is away.  What the node refuses stays, with its reason, until a person decides.
 */
import { Problem, send, type Write } from '../api/client';
import * as db from './db';

export type Standing = 'waiting' | 'refused' | 'stale';
export type Waiting = db.Row & {
  write: Write;
  /** What the form's button said, and the address it stood at. */
  verb: string;
  place: string;
  standing: Standing;
  problem?: { title: string; code: string; expected: string; came: string };
  /** To take it back into its form. */
  draft?: { name: string; value: string };
};

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** More than a watch writes in an outage; beyond it a form keeps its text and says that the outbox is full. */
export const MOST_WAITING = 500;
/** Not a "no" but a "not now" (RFC 9110; 409 `request.running` is our own earlier attempt). */
const LATER = [408, 425, 429, 500, 502, 503, 504];

class Outbox {
  items = $state.raw<Waiting[]>([]);
  /** When the next attempt is due, in the browser's milliseconds; null while nothing waits. */
  next = $state<number | null>(null);
  /** What the outbox holds would not survive a reload. */
  fragile = $state(false);
  onsent: () => void = () => undefined;
  #who = '';
  #wait = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;

  async enter(who: string): Promise<void> {
    this.#who = who;
    const rows = await db.all<Waiting>('writes', who).catch(() => []);
    this.items = rows.sort((a, b) => a.at - b.at);
    this.#schedule(0);
  }

  leave(): void {
    this.#who = '';
    this.items = [];
    this.#stop();
  }

  /** Takes a write that did not reach the node.  False when the outbox is full. */
  async keep(write: Write, about: Pick<Waiting, 'verb' | 'place' | 'draft'>): Promise<boolean> {
    if (!this.#who || this.items.length >= MOST_WAITING) return false;
    const item: Waiting = { who: this.#who, id: write.key, at: Date.now(), write, standing: 'waiting', ...about };
    this.items = [...this.items, item];
    await this.#store(item);
    if (this.next === null) this.#schedule(this.#wait);
    return true;
  }

  /** The node is there again, or somebody asks to try now. */
  now(): void {
    this.#wait = FIRST_WAIT_MS;
    this.#schedule(0);
  }

  /** Send again what was refused or stale, as it is or with another body made for version `seen`. */
  async again(item: Waiting, write: Write = item.write): Promise<void> {
    await this.drop(item);
    await this.keep({ ...write, key: crypto.randomUUID() }, item);
    this.now();
  }

  async drop(item: Waiting): Promise<void> {
    this.items = this.items.filter((other) => other.id !== item.id);
    await db.drop('writes', item.who, item.id).catch(() => undefined);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.next = null;
  }

  #schedule(ms: number): void {
    this.#stop();
    if (!this.items.some((item) => item.standing === 'waiting')) return;
    this.next = Date.now() + ms;
    this.#timer = setTimeout(() => void this.#sendAll(), ms);
  }

  async #sendAll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.next = null;
    let later = false;
    try {
      for (const item of this.items.filter((i) => i.standing === 'waiting')) {
        if (later || item.who !== this.#who) break;
        later = !(await this.#send(item));
      }
    } finally {
      this.#busy = false;
    }
    this.#wait = later ? Math.min(this.#wait * 2, LONGEST_WAIT_MS) : FIRST_WAIT_MS;
    this.#schedule(this.#wait);
  }

  /** Whether the node has said yes or no. */
  async #send(item: Waiting): Promise<boolean> {
    try {
      await send(item.write);
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      if (err.unreachable || err.signedOut || LATER.includes(err.status) || err.code === 'request.running') return false;
      const { title, code, expected, came } = err;
      await this.#change({ ...item, standing: code === 'record.version' ? 'stale' : 'refused', problem: { title, code, expected, came } });
      return true;
    }
    await this.drop(item);
    this.onsent();
    return true;
  }

  async #change(item: Waiting): Promise<void> {
    this.items = this.items.map((other) => (other.id === item.id ? item : other));
    await this.#store(item);
  }

  async #store(item: Waiting): Promise<void> {
    this.fragile = await db.put('writes', item).then(
      () => false,
      () => true,
    );
  }
}

export const outbox = new Outbox();
