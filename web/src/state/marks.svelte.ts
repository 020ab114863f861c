/**
 * The labels now on screen.  Every mark registers the label it shows; the strips at top and bottom show
 * what the node says they amount to together, and until it has said so the highest single one.
 */
import { SvelteMap } from 'svelte/reactivity';

import * as api from '../api/node';
import type { Label, Marking, Policy } from '../api/types';
import { highestOf, labelKey, shownRank } from '../lib/labels';
import { session } from './session.svelte';

type Shown = { label: Label; marking: Marking; count: number };
type Ranked = Shown & { rank: number };
/** More distinct labels than this are not asked about together; the highest single one is shown. */
const MOST = 64;

class Marks {
  #shown = new SvelteMap<string, Shown>();
  #known = new SvelteMap<string, Marking>();
  #together = new SvelteMap<string, Marking>();
  /** Asked of the node and not refused; plain, since nothing on screen depends on it. */
  readonly #asked: Pick<Set<string>, 'has' | 'add' | 'delete'> = new Set<string>();

  /** The marking of everything on screen, or null while nothing labelled is. */
  readonly highest = $derived.by(() => this.#highest());

  show(label: Label, marking: Marking): () => void {
    const key = labelKey(label);
    const before = this.#shown.get(key);
    this.#shown.set(key, { label, marking, count: (before?.count ?? 0) + 1 });
    return () => this.#drop(key);
  }

  /** How the node marks `label`; null until it has said so. */
  of(label: Label): Marking | null {
    const known = this.#known.get(labelKey(label));
    if (!known) void this.#ask(label);
    return known ?? null;
  }

  #drop(key: string): void {
    const shown = this.#shown.get(key);
    if (!shown) return;
    if (shown.count <= 1) this.#shown.delete(key);
    else this.#shown.set(key, { ...shown, count: shown.count - 1 });
  }

  #highest(): Marking | null {
    const policy = session.policy;
    if (!policy || !this.#shown.size) return null;
    const key = [...this.#shown.keys()].sort().join(' + ');
    const known = this.#together.get(key);
    if (known) return known;
    void this.#askTogether(key, [...this.#shown.values()].map((s) => s.label));
    return highestOf(this.#ranked(policy))?.marking ?? null;
  }

  #ranked(policy: Policy): Ranked[] {
    return [...this.#shown.values()].map((s) => ({ ...s, rank: shownRank(s.label, s.marking.colour, policy) }));
  }

  async #askTogether(key: string, labels: Label[]): Promise<void> {
    if (this.#asked.has(key) || labels.length > MOST) return;
    this.#asked.add(key);
    const answer = await api.labels.together(labels).catch(() => null);
    if (answer) this.#together.set(key, answer.marking);
    else this.#asked.delete(key);
  }

  async #ask(label: Label): Promise<void> {
    const key = labelKey(label);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    const check = await api.labels.check(label).catch(() => null);
    if (check) this.#known.set(key, check.marking);
    else this.#asked.delete(key);
  }
}

export const marks = new Marks();
