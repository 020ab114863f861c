/** Who is signed in, which node this is, and the policy: what every screen needs before it can draw. */
import { keepAnswersWith, Problem, whenSignedOut } from '../api/client';
import * as api from '../api/node';
import type { Label, Me, NodeState, Partner, Permission, Policy } from '../api/types';
import { cache, KEPT_FOR_MS } from '../offline/cache.svelte';
import { drafts } from '../offline/drafts.svelte';
import { outbox } from '../offline/outbox.svelte';
import { clock } from './clock.svelte';
import { stream } from './live.svelte';
import { past } from './past.svelte';
import { rows } from './rows.svelte';
import type { StreamState } from '../api/stream';

const READING: readonly Permission[] = ['read', 'audit.read', 'metrics.read'];
/** Set while a sign-out has not reached the node. */
const LEAVING = 'renkei.leaving';

type Stage = 'asking' | 'signed-out' | 'signed-in' | 'unreachable';

class Session {
  stage = $state<Stage>('asking');
  me = $state.raw<Me | null>(null);
  node = $state.raw<NodeState | null>(null);
  policy = $state.raw<Policy | null>(null);
  partners = $state.raw<Partner[]>([]);
  /** The session ended while the client was in use: what was typed is still on the screen behind. */
  expired = $state(false);
  /** Who the node itself has just said we are. */
  #told: Me | null = null;
  theme = $state(localStorage.getItem('renkei.theme') === 'light' ? 'light' : 'dark');

  constructor() {
    whenSignedOut(() => this.#ended());
    document.documentElement.dataset.theme = this.theme;
    keepAnswersWith(cache);
    stream.onstate = (state) => this.#heard(state);
    stream.onforget = () => cache.forget();
    outbox.onsent = () => stream.wakeAll();
  }

  async resume(): Promise<void> {
    try {
      if (localStorage.getItem(LEAVING)) await this.#leave();
      await this.#enter(await api.session.me());
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      if (!err.unreachable) this.stage = 'signed-out';
      else if (!(await this.#goOn())) this.stage = 'unreachable';
    }
  }

  /** Without the node: as whoever was signed in last, for as long as the node itself would have let them. */
  async #goOn(): Promise<boolean> {
    const last = localStorage.getItem(LEAVING) ? undefined : await cache.last();
    if (!last || Date.now() - last.at > KEPT_FOR_MS) return false;
    cache.resume(last);
    stream.goodAt = last.at;
    try {
      await this.#open(last.me);
    } catch {
      return false;
    }
    return true;
  }

  async signIn(account: string, password: string): Promise<void> {
    const before = this.me?.account;
    await this.#enter(await api.session.signIn(account, password));
    // Over the work of somebody else nobody goes on: their words are on the screen.
    if (before && before !== account) location.reload();
  }

  async signOut(): Promise<void> {
    stream.close();
    rows.close();
    await Promise.all([cache.leave(), this.#leave().catch(() => undefined)]);
    drafts.leave();
    outbox.leave();
    this.stage = 'signed-out';
    this.expired = false;
    this.me = null;
  }

  /** What this post may do now; of a moment past it may only read. */
  may(permission: Permission): boolean {
    if (past.on && !READING.includes(permission)) return false;
    return this.holds(permission);
  }

  holds(permission: Permission): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  /** The partners with whom an agreement holds: whom something can be asked of. */
  get agreed(): Partner[] {
    return this.partners.filter((p) => p.inForce);
  }

  /** A headquarters by its short name; the id where the name is not known. */
  hqName(hq: string, lang: 'en' | 'ja'): string {
    const names = hq === this.node?.hq ? this.node.names : this.partners.find((p) => p.hq === hq)?.names;
    return names?.[lang] || names?.en || hq;
  }

  /** The label a form starts with: the policy's first suggestion. */
  defaultLabel(): Label | null {
    return this.policy?.suggestions[0]?.label ?? null;
  }

  toggleTheme(): void {
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
    localStorage.setItem('renkei.theme', this.theme);
    document.documentElement.dataset.theme = this.theme;
  }

  async refreshNode(): Promise<void> {
    const [node, partners] = await Promise.all([api.node.state(), api.node.partners()]);
    // Another policy was adopted: labels are offered and marked by it from here on.
    if (this.policy && this.node && this.node.policy.version !== node.policy.version) {
      this.policy = await api.labels.policy();
    }
    this.node = node;
    this.partners = partners;
    // The time in a kept answer is past: it would set the clock back.
    if (cache.oldest === null) clock.setNode(node.now);
  }

  /** Tells the node; a node that is away is told before anybody is let in again. */
  async #leave(): Promise<void> {
    localStorage.setItem(LEAVING, '1');
    try {
      await api.session.signOut();
    } catch (err) {
      if (err instanceof Problem && err.unreachable) throw err;
    }
    localStorage.removeItem(LEAVING);
  }

  async #enter(me: Me): Promise<void> {
    localStorage.removeItem(LEAVING);
    await cache.enter(me);
    this.#told = me;
    await this.#open(me);
  }

  async #open(me: Me): Promise<void> {
    await Promise.all([drafts.enter(cache.who), outbox.enter(cache.who)]);
    this.me = me;
    [this.policy] = await Promise.all([api.labels.policy(), stream.open()]);
    rows.open();
    await this.refreshNode();
    this.stage = 'signed-in';
    this.expired = false;
  }

  /** The stream came or went: while it is away reads do not wait long; when it is back, who are we now? */
  #heard(state: StreamState): void {
    cache.away = state === 'lost';
    if (state !== 'live' || !this.me) return;
    cache.oldest = null;
    outbox.now();
    if (this.#told !== this.me) void this.#confirm(this.me);
    this.#told = null;
  }

  /** An account that changed meanwhile, or another one signed in in this browser, begins anew. */
  async #confirm(before: Me): Promise<void> {
    const me = await api.session.me().catch(() => null);
    if (!me) return;
    await cache.enter(me);
    if (JSON.stringify(me) !== JSON.stringify(before)) location.reload();
  }

  #ended(): void {
    if (this.stage === 'signed-in') this.expired = true;
  }
}

export const session = new Session();
