/**
 * The labels now on screen.  Every mark registers the label it shows; the strips at top and bottom show
 * what all of them amount to together: one marking for each policy on screen, in the highest colour.
 */
import { SvelteMap } from 'svelte/reactivity';

import * as api from '../api/node';
import type { Label, Marking, Policy } from '../api/types';
import { aggregate, byPolicy, labelKey, shownRank } from '../lib/labels';
import { session } from './session.svelte';

type Shown = { label: Label; marking: Marking; count: number };
type Ranked = Shown & { rank: number };
/** `markings`: our own policy's first, then each partner's. */
export type Highest = { colour: string; markings: Marking[] };

class Marks {
  #shown = new SvelteMap<string, Shown>();
  #known = new SvelteMap<string, Marking>();
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

  #highest(): Highest | null {
    const policy = session.policy;
    const shown = policy ? this.#ranked(policy) : [];
    const [first] = shown;
    if (!first || !policy) return null;
    const top = shown.reduce((a, b) => (b.rank > a.rank ? b : a), first);
    const markings = byPolicy(shown, policy.policy).map((group) => this.#together(group));
    return { colour: top.marking.colour, markings: markings.filter((m) => m !== null) };
  }

  #ranked(policy: Policy): Ranked[] {
    return [...this.#shown.values()].map((s) => ({ ...s, rank: shownRank(s.label, s.marking.colour, policy) }));
  }

  /** Until the node has said what they amount to: the highest single one, never a lower one. */
  #together(group: Ranked[]): Marking | null {
    const label = aggregate(group);
    return (label && this.of(label)) || (group.length ? group.reduce((a, b) => (b.rank > a.rank ? b : a)).marking : null);
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
