/** What a person arranged for themselves, kept in this browser under their account. */
import { session } from './session.svelte';

const keyOf = (name: string): string => `renkei.${session.me?.account ?? ''}.${name}`;

export function kept<T>(name: string, otherwise: T): T {
  try {
    const found = localStorage.getItem(keyOf(name));
    return found === null ? otherwise : (JSON.parse(found) as T);
  } catch {
    return otherwise;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(value));
  } catch {
    // Full or forbidden: the arrangement lasts as long as the page.
  }
}
