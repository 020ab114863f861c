/**
 * What the client keeps in the browser, in one IndexedDB: answers of the node, writes that wait for it, and
 * drafts.  Every row belongs to `who` (headquarters and account) and is only ever read for that one.
 *
 * A browser without IndexedDB (some private windows) keeps nothing; then `open` fails and callers go on
 * without, which the outbox says plainly.
 */

const NAME = 'renkei';
const VERSION = 1;

export type Store = 'answers' | 'writes' | 'drafts' | 'about';
/** `id` is the address of an answer, the key of a write, the name of a draft. */
export type Row = { who: string; id: string; at: number };

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      for (const name of ['answers', 'writes', 'drafts', 'about']) {
        const store = asked.result.createObjectStore(name, { keyPath: ['who', 'id'] });
        store.createIndex('age', ['who', 'at']);
      }
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error('IndexedDB does not open'));
  });
  return opened;
}

async function run<T>(store: Store, mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  return new Promise((resolve, reject) => {
    const change = db.transaction(store, mode);
    const asked = act(change.objectStore(store));
    change.oncomplete = () => resolve(asked.result);
    change.onerror = change.onabort = () => reject(change.error ?? new Error('IndexedDB refuses'));
  });
}

/** Everything that belongs to `who`, whatever its id. */
const of = (who: string): IDBKeyRange => IDBKeyRange.bound([who], [who, []]);

export const put = (store: Store, row: Row): Promise<unknown> => run(store, 'readwrite', (s) => s.put(row));
export const one = <R extends Row>(store: Store, who: string, id: string): Promise<R | undefined> =>
  run(store, 'readonly', (s) => s.get([who, id]) as IDBRequest<R | undefined>);
export const all = <R extends Row>(store: Store, who: string): Promise<R[]> =>
  run(store, 'readonly', (s) => s.getAll(of(who)) as IDBRequest<R[]>);
export const drop = (store: Store, who: string, id: string): Promise<unknown> => run(store, 'readwrite', (s) => s.delete([who, id]));
export const wipe = (store: Store, who: string): Promise<unknown> => run(store, 'readwrite', (s) => s.delete(of(who)));
export const wipeAll = (store: Store): Promise<unknown> => run(store, 'readwrite', (s) => s.clear());
/** The ids of what is more than the newest `most`, oldest first, without reading any of it. */
export async function beyond(store: Store, who: string, most: number): Promise<string[]> {
  const keys = await run(store, 'readonly', (s) => s.index('age').getAllKeys(of(who)));
  return keys.slice(0, Math.max(0, keys.length - most)).map((key) => (key as [string, string])[1]);
}
