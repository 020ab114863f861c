/**
 * Plain letter keys.  The frame owns those that work everywhere; a page adds its own while it is on
 * screen.  Keys typed into fields, with modifiers, or while an input method composes are not ours.
 */
import { onDestroy } from 'svelte';

import { composing, typing } from '../lib/ime';

type Act = () => void;
/** How long after `g` the second letter may come. */
const PREFIX_MS = 1500;

class Keys {
  #stack: Record<string, Act>[] = [];
  #prefixAt = 0;

  add(keys: Record<string, Act>): () => void {
    this.#stack.push(keys);
    return () => (this.#stack = this.#stack.filter((k) => k !== keys));
  }

  press(event: KeyboardEvent): void {
    if (event.defaultPrevented || composing(event) || typing(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const afterG = Date.now() - this.#prefixAt < PREFIX_MS;
    this.#prefixAt = event.key === 'g' && !afterG ? Date.now() : 0;
    const name = afterG ? `g ${event.key}` : event.key;
    const act = this.#stack.findLast((keys) => name in keys)?.[name];
    if (!act) return;
    event.preventDefault();
    act();
  }
}

export const keys = new Keys();

/** Keys for the life of the component that asks. */
export function onKeys(map: Record<string, Act>): void {
  onDestroy(keys.add(map));
}

/** Moves the focus among the elements marked `data-item`, in document order. */
export function moveFocus(step: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>('[data-item]')].filter((e) => e.offsetParent !== null);
  const here = all.indexOf(document.activeElement as HTMLElement);
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + step));
  all[next]?.focus();
}
