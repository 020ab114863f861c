/** Who is signed in, which node this is, and the policy: what every screen needs before it can draw. */
import { Problem, whenSignedOut } from '../api/client';
import * as api from '../api/node';
import type { Label, Me, NodeState, Partner, Permission, Policy } from '../api/types';
import { clock } from './clock.svelte';
import { stream } from './live.svelte';

type Stage = 'asking' | 'signed-out' | 'signed-in' | 'unreachable';

class Session {
  stage = $state<Stage>('asking');
  me = $state.raw<Me | null>(null);
  node = $state.raw<NodeState | null>(null);
  policy = $state.raw<Policy | null>(null);
  partners = $state.raw<Partner[]>([]);
  /** The session ended while the client was in use: what was typed is still on the screen behind. */
  expired = $state(false);
  theme = $state(localStorage.getItem('renkei.theme') === 'light' ? 'light' : 'dark');

  constructor() {
    whenSignedOut(() => this.#ended());
    document.documentElement.dataset.theme = this.theme;
  }

  async resume(): Promise<void> {
    try {
      await this.#enter(await api.session.me());
    } catch (err) {
      if (!(err instanceof Problem)) throw err;
      this.stage = err.unreachable ? 'unreachable' : 'signed-out';
    }
  }

  async signIn(account: string, password: string): Promise<void> {
    await this.#enter(await api.session.signIn(account, password));
  }

  async signOut(): Promise<void> {
    stream.close();
    await api.session.signOut().catch(() => undefined);
    this.stage = 'signed-out';
    this.expired = false;
    this.me = null;
  }

  may(permission: Permission): boolean {
    return this.me?.permissions.includes(permission) ?? false;
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
    this.node = node;
    this.partners = partners;
    clock.setNode(node.now);
  }

  async #enter(me: Me): Promise<void> {
    this.me = me;
    this.policy = await api.labels.policy();
    await this.refreshNode();
    this.stage = 'signed-in';
    this.expired = false;
    stream.open();
  }

  #ended(): void {
    if (this.stage === 'signed-in') this.expired = true;
  }
}

export const session = new Session();
