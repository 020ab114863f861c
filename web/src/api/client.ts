/**
 * One way to the node: JSON in, JSON out, problems as values that can be shown.
 *
 * Refusals arrive as problem+json and say what was expected and what came; they are thrown as
 * `Problem`, so that every form can show them plainly.  A node that does not answer is a `Problem`
 * too, with status 0: nothing here distinguishes "no network" from "node stopped".
 *
 * Every write carries a key under which the node does it once, so a write whose answer was lost can be sent
 * again: the problem of one that did not arrive holds the write itself (`offline/outbox`).  A read that finds
 * no node is answered with what was last read there, if anything is kept (`offline/cache`).
 */

import { onlyAsks, through, type Lens } from './lens';

const BASE = '/api/v1';
/** A write may wait for a busy disk; longer than this the person should know that it did not answer. */
const TIMEOUT_MS = 15_000;
/** While the node is known to be away a read tries this long before the kept answer is shown. */
const AWAY_TIMEOUT_MS = 2_500;
/** Views of a moment past are folded when first asked for: the node waits up to 20 s, and asked again goes on. */
const PAST_TIMEOUT_MS = 30_000;
const PAST_TRIES = 10;
/** Writes that make sense only now, by whoever sits here now: these never wait. */
const NOW_OR_NEVER = /^\/(session|accounts|labels|tokens|partners|attachments|release)|^\/records\/.*\/(recall|lift|narrow)$/;

/** A write as it was meant: `seen` is the version of the record in its address that the person acted on. */
export type Write = { where: string; body: unknown; key: string; seen?: number };
export type Keeper = {
  away: boolean;
  keep: (where: string, answer: unknown) => void;
  kept: <T>(where: string) => Promise<T | undefined>;
  /** What was kept there is there no more: taken back, or not for this reader. */
  drop: (where: string) => void;
};

/** One thing wrong with a file: where, what belongs there, and what came. */
export type Fault = { where: string; expected: string; came: string };

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly expected: string,
    readonly came: string,
    /** What was to be written, where it may be sent again. */
    readonly write: Write | null = null,
    /** Everything wrong with a file; `more` where reading stopped at a limit. */
    readonly faults: readonly Fault[] = [],
    readonly more = false,
  ) {
    super(title);
  }

  /** The node did not answer at all. */
  get unreachable(): boolean {
    return this.status === 0;
  }

  /** Nobody is signed in, or not any more. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

/** Called when the node says that nobody is signed in, so that the frame can ask again. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

export function path(...segments: string[]): string {
  return '/' + segments.map(encodeURIComponent).join('/');
}

/** `jp.jjoc/01K…` as the two path segments the API has for an id. */
export function idPath(id: string): string {
  const [owner = '', key = ''] = id.split('/');
  return path(owner, key);
}

export function query(parameters: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
  return pairs.length ? '?' + new URLSearchParams(pairs.map(([k, v]) => [k, String(v)])).toString() : '';
}

let keeper: Keeper | null = null;
let lens: Lens | null = null;
let counted: (more: number) => void = () => undefined;
/** From now on read through `one`; `count` is told of each answer waited for and come. */
export function lookThrough(one: Lens | null, count: (more: number) => void): void {
  lens = one;
  counted = count;
}
/** What `load` asks for, and asks for first, is of now whatever is looked at. */
export function present<T>(load: () => T): T {
  const before = lens;
  lens = null;
  try {
    return load();
  } finally {
    lens = before;
  }
}
export const looking = (): Lens | null => lens;

/** Keep `answer` as what the node last said there, where it was put together from several answers. */
export function remember(where: string, answer: unknown): void {
  if (!lens) keeper?.keep(where, answer);
}
export function keepAnswersWith(one: Keeper): void {
  keeper = one;
}

export async function get<T>(where: string, seen = lens): Promise<T> {
  const asked = through(seen, where);
  if (asked !== where) return getPast<T>(asked);
  try {
    const answer = await call<T>('GET', where);
    keeper?.keep(where, answer);
    return answer;
  } catch (err) {
    if (err instanceof Problem && err.status === 404) keeper?.drop(where);
    if (!(err instanceof Problem && err.unreachable)) throw err;
    const kept = await keeper?.kept<T>(where);
    if (kept === undefined) throw err;
    return kept;
  }
}

/** As of a moment: nothing of it is kept, and views still being folded are asked for again. */
async function getPast<T>(asked: string): Promise<T> {
  counted(1);
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await call<T>('GET', asked);
      } catch (err) {
        if (!(err instanceof Problem) || err.code !== 'past.building' || tries === PAST_TRIES) throw err;
      }
    }
  } finally {
    counted(-1);
  }
}

/** Nothing is written while another moment is on the screen; what waits in the outbox was written in its own. */
function refusePast(where: string): void {
  if (lens && !onlyAsks(where)) throw new Problem(409, 'past.write', '', '', '');
}

export async function post<T>(where: string, body: unknown = {}, seen?: number): Promise<T> {
  refusePast(where);
  if (NOW_OR_NEVER.test(where)) return call<T>('POST', where, body);
  return send<T>({ where, body: JSON.parse(JSON.stringify(body)), key: crypto.randomUUID(), seen });
}

/** A question too long for an address: answered now or not at all, and nothing is written. */
export function ask<T>(where: string, body: unknown): Promise<T> {
  return call<T>('POST', where, body);
}

/** Sends a write, for the first time or again. */
export async function send<T>(write: Write): Promise<T> {
  const terms: Record<string, string> = { 'Idempotency-Key': write.key };
  if (write.seen) terms['If-Match'] = `"${write.seen}"`;
  try {
    return await call<T>('POST', write.where, write.body, terms);
  } catch (err) {
    if (!(err instanceof Problem)) throw err;
    throw new Problem(err.status, err.code, err.title, err.expected, err.came, write, err.faults, err.more);
  }
}

/** A change to something that is no record: now or never. */
export async function patch<T>(where: string, body: unknown): Promise<T> {
  refusePast(where);
  return call<T>('PATCH', where, body);
}

export async function del(where: string): Promise<undefined> {
  refusePast(where);
  return call<undefined>('DELETE', where);
}

async function call<T>(method: string, where: string, body?: unknown, terms?: Record<string, string>): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...terms };
  if (method !== 'GET') headers['X-Renkei'] = '1';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const patience = where.includes('asOf=') ? PAST_TIMEOUT_MS : method === 'GET' && keeper?.away ? AWAY_TIMEOUT_MS : TIMEOUT_MS;
  const init: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(patience) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await reach(BASE + where, init);
  if (!answer.ok) throw await problemOf(answer);
  if (answer.status === 204 || answer.headers.get('content-length') === '0') return undefined as T;
  return (await answer.json()) as T;
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch {
    throw new Problem(0, 'node.unreachable', 'The node does not answer', 'an answer from the node', 'none');
  }
}

/** The problem in an answer that is not one we hoped for; foreign bodies still give a `Problem`. */
export async function problemOf(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as Partial<Record<string, unknown>>;
  const word = (name: string): string => (typeof said[name] === 'string' ? said[name] : '');
  const problem = new Problem(
    answer.status,
    word('code') || `http.${answer.status}`,
    // What HTTP calls a refusal of form is English and says nothing: the screen has words of its own for it.
    [400, 422].includes(answer.status) ? '' : word('title') || answer.statusText || `HTTP ${answer.status}`,
    word('expected'),
    word('came') || word('detail'),
    null,
    Array.isArray(said.faults) ? (said.faults as Fault[]) : [],
    said.more === true,
  );
  if (problem.signedOut) onSignedOut();
  return problem;
}
