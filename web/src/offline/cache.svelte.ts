/**
 * The node's last answers, for when it does not answer.
 *
 * They are kept as the node gave them to this account, so they hold nothing that the account's clearance did
 * not allow when they were given; they go when it signs out, when another account signs in, and when what
 * the account may see has changed.  Whatever is shown from here is shown with its age.
 */
import type { Keeper } from '../api/client';
import type { Me } from '../api/types';
import * as db from './db';

type Answer = db.Row & { answer: unknown };
export type Last = db.Row & { me: Me; sight: string };

/** Who is signed in, who was told, and what would go stale or say too much: never kept. */
const NOT_KEPT = /^\/(session|audit|search|tokens|openapi|requests\/rows\?)/;
/** Pages a person comes back to; beyond it the oldest go. */
const MOST_ANSWERS = 300;
/** A board that reloads several times a second is written down this often. */
const WRITE_EVERY_MS = 2000;
/** As long as a session lives unused at the node: after that what was kept is not shown without signing in. */
export const KEPT_FOR_MS = 8 * 3_600_000;
const LAST = { who: '', id: 'last' };

class Cache implements Keeper {
  who = '';
  /** When the oldest answer now shown from here was given; null while everything comes from the node. */
  oldest = $state<number | null>(null);
  /** Known to be away: then a call need not wait long before the kept answer is shown. */
  away = false;
  #fresh: Record<string, Answer> = {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('pagehide', () => this.#flush());
  }

  keep(where: string, answer: unknown): void {
    if (!this.who || NOT_KEPT.test(where)) return;
    this.#fresh[where] = { who: this.who, id: where, at: Date.now(), answer };
    this.#timer ??= setTimeout(() => this.#flush(), WRITE_EVERY_MS);
  }

  async kept<T>(where: string): Promise<T | undefined> {
    const found = this.who ? (this.#fresh[where] ?? (await db.one<Answer>('answers', this.who, where).catch(() => undefined))) : undefined;
    if (!found) return undefined;
    this.oldest = Math.min(this.oldest ?? found.at, found.at);
    return found.answer as T;
  }

  drop(where: string): void {
    Reflect.deleteProperty(this.#fresh, where);
    void db.drop('answers', this.who, where).catch(() => undefined);
  }

  /** `me` is signed in: answers kept for anybody else, or for another sight of the same account, go. */
  async enter(me: Me): Promise<void> {
    const who = `${me.hq}|${me.account}`;
    const sight = JSON.stringify([me.clearance, me.permissions]);
    const last = await this.last();
    if (last && (`${last.me.hq}|${last.me.account}` !== who || last.sight !== sight)) await this.#wipe();
    this.who = who;
    await db.put('about', { ...LAST, at: Date.now(), me, sight } as Last).catch(() => undefined);
  }

  /** Go on as the account that was signed in last, without the node. */
  resume(last: Last): void {
    this.who = `${last.me.hq}|${last.me.account}`;
    this.oldest = last.at;
  }

  async last(): Promise<Last | undefined> {
    return db.one<Last>('about', LAST.who, LAST.id).catch(() => undefined);
  }

  /** Signed out: nothing that was read stays. */
  async leave(): Promise<void> {
    this.who = '';
    this.oldest = null;
    await this.#wipe();
    await db.drop('about', LAST.who, LAST.id).catch(() => undefined);
  }

  /** A record was taken back: which answers held it is not known, so all go; they come again as they are read. */
  forget(): void {
    void this.#wipe();
  }

  #wipe(): Promise<unknown> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#fresh = {};
    return db.wipeAll('answers').catch(() => undefined);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = Object.values(this.#fresh);
    this.#fresh = {};
    for (const row of rows) void db.put('answers', row).catch(() => undefined);
    if (rows.length) void this.#prune();
  }

  async #prune(): Promise<void> {
    const who = this.who;
    for (const id of await db.beyond('answers', who, MOST_ANSWERS).catch(() => [])) {
      await db.drop('answers', who, id).catch(() => undefined);
    }
  }
}

export const cache = new Cache();
