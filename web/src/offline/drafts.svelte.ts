/**
 * What was typed and not yet sent.  A draft belongs to an account and a form, is written down as it is typed,
 * and survives a reload, an ended session and signing out; only its own account sees it again.
 *
 * An account's drafts are in memory while it is signed in, so a form begins with its draft and no field is
 * filled under somebody's hands.
 */
import * as db from './db';

type Kept = db.Row & { value: string };
/** Shorter than the pause between two words. */
const AFTER_MS = 150;
/** Forms begun and left; beyond it the oldest go. */
const MOST_DRAFTS = 50;

class Drafts {
  #who = '';
  readonly #kept = new Map<string, Kept>();

  async enter(who: string): Promise<void> {
    const rows = await db.all<Kept>('drafts', who).catch(() => []);
    const newest = rows.sort((a, b) => b.at - a.at);
    for (const row of newest.splice(MOST_DRAFTS)) void db.drop('drafts', who, row.id).catch(() => undefined);
    this.#who = who;
    this.#kept.clear();
    for (const row of newest) this.#kept.set(row.id, row);
  }

  leave(): void {
    this.#who = '';
    this.#kept.clear();
  }

  of(name: string): Kept | undefined {
    return this.#kept.get(name);
  }

  save(name: string, value: string): void {
    if (!this.#who) return;
    const row: Kept = { who: this.#who, id: name, at: Date.now(), value };
    this.#kept.set(name, row);
    void db.put('drafts', row).catch(() => undefined);
  }

  drop(name: string): void {
    if (!this.#who) return;
    this.#kept.delete(name);
    void db.drop('drafts', this.#who, name).catch(() => undefined);
  }
}

export const drafts = new Drafts();

/** A form's draft, as `Form` uses it. */
export class Draft {
  /** When what the form began with was typed; null for a form that began empty. */
  restored = $state<number | null>(null);
  #touched = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #first: string;

  constructor(
    readonly name: string,
    private readonly read: () => unknown,
    private readonly write: (value: never) => void,
  ) {
    this.#first = JSON.stringify(read());
    const kept = drafts.of(name);
    if (!kept) return;
    write(JSON.parse(kept.value) as never);
    this.restored = kept.at;
    this.#touched = true;
  }

  get value(): string {
    return JSON.stringify(this.read());
  }

  /** Somebody typed or chose something: from now on what is in the form is kept. */
  touch(): void {
    this.#touched = true;
    this.changed();
  }

  changed(): void {
    if (!this.#touched) return;
    const value = this.value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(value), AFTER_MS);
  }

  /** Sent, or not wanted any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#touched = false;
    this.restored = null;
    drafts.drop(this.name);
  }

  startAgain(): void {
    this.clear();
    this.write(JSON.parse(this.#first) as never);
  }

  /** The page goes: what the pause still held back is written now. */
  flush(): void {
    if (this.#touched) this.#save(this.value);
  }

  #save(value: string): void {
    clearTimeout(this.#timer);
    if (this.#touched && value !== this.#first) drafts.save(this.name, value);
  }
}

/**
 * The draft of a form: `read` gives what is in it, `write` puts that back.  To be made while the component is,
 * after the fields and before anything draws them.
 */
export function keepDraft<T>(name: string, read: () => T, write: (value: T) => void): Draft {
  const draft = new Draft(name, read, write as (value: never) => void);
  $effect(() => {
    read();
    draft.changed();
  });
  $effect(() => {
    const flush = (): void => draft.flush();
    addEventListener('pagehide', flush);
    return () => {
      removeEventListener('pagehide', flush);
      flush();
    };
  });
  return draft;
}
