/**
 * The node's live stream: resumes after the last event seen, backs off while the node is away, and
 * reports whether what is on screen is current.
 *
 * The node writes a heartbeat every 15 s; silence for longer than `SILENCE_MS` is treated as a dead
 * connection even where the operating system has not noticed.
 */
import { problemOf } from './client';
import { EventParser, type ServerEvent } from './sse';

/** Two heartbeats and a little. */
const SILENCE_MS = 35_000;
const FIRST_WAIT_MS = 500;
/** A watch floor wants to be back within seconds; more often would only load a struggling node. */
const LONGEST_WAIT_MS = 5_000;

export type StreamState = 'connecting' | 'live' | 'lost' | 'signed-out';
export type StreamEnd = { close: () => void };

type Listener = { event: (event: ServerEvent) => void; state: (state: StreamState) => void };

export function openStream(listener: Listener): StreamEnd {
  const stop = new AbortController();
  void run(listener, stop.signal);
  return { close: () => stop.abort() };
}

async function run(listener: Listener, stop: AbortSignal): Promise<void> {
  const parser = new EventParser();
  let wait = FIRST_WAIT_MS;
  listener.state('connecting');
  while (!stop.aborted) {
    const ended = await once(listener, parser, stop);
    if (stop.aborted) return;
    listener.state(ended === 'signed-out' ? 'signed-out' : 'lost');
    if (ended === 'signed-out') return;
    wait = ended === 'was-live' ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
    await pause(wait, stop);
  }
}

type Ended = 'was-live' | 'failed' | 'signed-out';

async function once(listener: Listener, parser: EventParser, stop: AbortSignal): Promise<Ended> {
  const quiet = new AbortController();
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (parser.lastId) headers['Last-Event-ID'] = parser.lastId;
  let ended: Ended = 'failed';
  let alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
  try {
    const answer = await fetch('/api/v1/stream', { headers, signal: AbortSignal.any([stop, quiet.signal]) });
    if (!answer.ok) return (await problemOf(answer)).signedOut ? 'signed-out' : 'failed';
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    listener.state('live');
    ended = 'was-live';
    for (;;) {
      const piece = await reader?.read();
      if (!piece || piece.done) return ended;
      clearTimeout(alarm);
      alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
      parser.feed(piece.value).forEach(listener.event);
    }
  } catch {
    return ended;
  } finally {
    clearTimeout(alarm);
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
