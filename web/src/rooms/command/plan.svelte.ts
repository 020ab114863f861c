/**
 * A draft of another structure, for thinking aloud: moves kept with the account's drafts in this browser.  It is
 * no record, goes to nobody and changes no authority.
 */
import { drafts } from '../../offline/drafts.svelte';
import type { Move } from './orbat';

const NAME = 'structure plan';

class Plan {
  moves = $state.raw<Move[]>([]);

  /** Whoever is signed in now: their draft. */
  load(): void {
    const kept = drafts.of(NAME);
    this.moves = kept ? (JSON.parse(kept.value) as Move[]) : [];
  }

  move(code: string, under: string, was: string): void {
    const rest = this.moves.filter((m) => m.code !== code);
    this.#set(under === was ? rest : [...rest, { code, under, was }]);
  }

  drop(code: string): void {
    this.#set(this.moves.filter((m) => m.code !== code));
  }

  clear(): void {
    this.#set([]);
  }

  #set(moves: Move[]): void {
    this.moves = moves;
    if (moves.length) drafts.save(NAME, JSON.stringify(moves));
    else drafts.drop(NAME);
  }
}

export const plan = new Plan();
