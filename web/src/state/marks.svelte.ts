/**
 * The labels now on screen.  Every mark registers the label it shows; the strips at top and bottom
 * show what all of them amount to together.
 */
import { SvelteMap } from 'svelte/reactivity';

import * as api from '../api/node';
import type { Label, Marking } from '../api/types';
import { aggregate, labelKey, rankOf, shownRank } from '../lib/labels';
import { session } from './session.svelte';

type Shown = { label: Label; marking: Marking; count: number };

class Marks {
  #shown = new SvelteMap<string, Shown>();
  #known = new SvelteMap<string, Marking>();

  /** The marking of everything on screen, or null while nothing labelled is. */
  readonly highest = $derived.by(() => this.#highest());

  show(label: Label, marking: Marking): () => void {
    const key = labelKey(label);
    const before = this.#shown.get(key);
    this.#shown.set(key, { label, marking, count: (before?.count ?? 0) + 1 });
    return () => this.#drop(key);
  }

  #drop(key: string): void {
    const shown = this.#shown.get(key);
    if (!shown) return;
    if (shown.count <= 1) this.#shown.delete(key);
    else this.#shown.set(key, { ...shown, count: shown.count - 1 });
  }

  #highest(): Marking | null {
    const shown = [...this.#shown.values()];
    const policy = session.policy;
    if (!shown.length || !policy) return shown[0]?.marking ?? null;
    const rank = (s: Shown): number => shownRank(s.label, s.marking.colour, policy);
    const single = shown.reduce((a, b) => (rank(b) > rank(a) ? b : a));
    const together = aggregate(shown.map((s) => s.label), policy);
    if (!together || rank(single) > rankOf(together, policy.classifications)) return single.marking;
    const known = this.#known.get(labelKey(together));
    if (!known) void this.#ask(together);
    // Until the node has said it: the highest single one, never a lower one.
    return known ?? single.marking;
  }

  async #ask(label: Label): Promise<void> {
    const check = await api.labels.check(label).catch(() => null);
    if (check) this.#known.set(labelKey(label), check.marking);
  }
}

export const marks = new Marks();
