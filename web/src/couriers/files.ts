/** Couriers' files: fetched from the node volume by volume, and brought to it one after the other. */
import { path, post, Problem, problemOf, query } from '../api/client';
import type { Imported } from '../api/types';

const BASE = '/api/v1';
/** A DVD's worth, to a slow disk at either end. */
const FILE_TIMEOUT_MS = 3_600_000;
/** How a sealed file begins (docs/protocol/courier.md): these bytes, a length of two, and a header in JSON. */
const SEALED = 'renkei sealed v1\n';
const LENGTH_BYTES = 2;
const HEADER_BYTES = 16 * 1024;

/** One file as it was made: of entries, or of attachments' contents. */
export type Volume = { name: string; bytes: number; first: number; upto: number; offset: number; contents: number | null };
/** Where the next volume begins; `logged` is the end. */
type Made = { file: Blob; said: (name: string) => number; last: boolean };

async function fetched(where: string, body?: Blob): Promise<Response> {
  const headers: Record<string, string> = { 'X-Renkei': '1' };
  if (body) headers['Content-Type'] = 'application/octet-stream';
  const init: RequestInit = { method: 'POST', headers, credentials: 'same-origin', body, signal: AbortSignal.timeout(FILE_TIMEOUT_MS) };
  let answer: Response;
  try {
    answer = await fetch(BASE + where, init);
  } catch {
    throw unreachable();
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

const unreachable = (): Problem => new Problem(0, 'node.unreachable', 'The node does not answer', 'an answer from the node', 'none');

async function made(where: string): Promise<Made> {
  const answer = await fetched(where);
  const file = await answer.blob().catch(() => {
    throw unreachable();
  });
  const said = (name: string): number => Number(answer.headers.get(`Renkei-${name}`));
  return { file, said, last: answer.headers.get('Renkei-Last') === 'true' };
}

/** Every volume of entries from `first` on (without it: what was not signed for), each saved as it comes. */
export async function* entries(hq: string, first: number | undefined, volume: number | undefined, save: Save): AsyncGenerator<Volume> {
  for (let next = first, number = 1; ; number += 1) {
    const { file, said } = await made(path('partners', hq, 'courier', 'export') + query({ first: next, volume }));
    yield save(file, volume ? number : 0, { first: said('First'), upto: said('Upto'), offset: 0, contents: null });
    next = said('Upto');
    if (next >= said('Logged')) return;
  }
}

/** Every volume of the contents that the partner lacks. */
export async function* contents(hq: string, before: number, volume: number | undefined, save: Save): AsyncGenerator<Volume> {
  let next: { first?: number; offset?: number } = {};
  for (let number = before + 1; ; number += 1) {
    const { file, said, last } = await made(path('partners', hq, 'courier', 'contents') + query({ ...next, volume }));
    if (!said('Bytes')) return;
    yield save(file, number, { first: said('First'), upto: said('Upto'), offset: said('Upto-Offset'), contents: said('Contents') });
    if (last) return;
    next = { first: said('Upto'), offset: said('Upto-Offset') };
  }
}

/** Puts a file on this machine's disk under a name with its number, if it has one. */
export type Save = (file: Blob, number: number, what: Omit<Volume, 'name' | 'bytes'>) => Volume;

/** The person says that the files are kept: what is in them counts as sent. */
export async function kept(hq: string, volumes: readonly Volume[]): Promise<void> {
  const upto = volumes.filter((one) => one.contents === null).at(-1);
  const brought = volumes.filter((one) => one.contents !== null).at(-1);
  if (upto) await post(path('partners', hq, 'courier', 'carried'), { upto: upto.upto });
  if (brought) await post(path('partners', hq, 'courier', 'contents', 'carried'), { upto: brought.upto, offset: brought.offset });
}

/** Who sealed the file, as its envelope says; '' where it is none (a plain file, or something else). */
export async function senderOf(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.slice(0, SEALED.length + LENGTH_BYTES + HEADER_BYTES).arrayBuffer());
  if (new TextDecoder('latin1').decode(bytes.subarray(0, SEALED.length)) !== SEALED) return '';
  const begin = SEALED.length + LENGTH_BYTES;
  const length = ((bytes[SEALED.length] ?? 0) << 8) | (bytes[SEALED.length + 1] ?? 0);
  try {
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(begin, begin + length))) as { sender?: unknown };
    return typeof header.sender === 'string' ? header.sender : '';
  } catch {
    return '';
  }
}

export async function takeIn(hq: string, file: Blob): Promise<Imported> {
  const answer = await fetched(path('partners', hq, 'courier', 'import'), file);
  return (await answer.json()) as Imported;
}
