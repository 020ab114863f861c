/**
 * Server-sent events, bytes in and events out (WHATWG HTML, section 9.2.6), without I/O.
 *
 * The browser's own EventSource hides heartbeats and answers such as 401; the client needs both to
 * say honestly how old the screen is, so it reads the stream itself.
 */

export type ServerEvent = { event: string; data: string; id: string };

export class EventParser {
  lastId = '';
  #rest = '';
  #event = '';
  #data: string[] = [];

  /** Whole events in `chunk` and what was left before it; comments (heartbeats) yield nothing. */
  feed(chunk: string): ServerEvent[] {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === '') return this.#dispatch();
    if (line.startsWith(':')) return [];
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.lastId = value;
    return [];
  }

  #dispatch(): ServerEvent[] {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.lastId };
    const empty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return empty ? [] : [event];
  }
}
