/** Addresses within the client, as hashes: `#/requests/jp.jjoc/01K…`, `#/requests/new?incident=…`. */

export type Route = { parts: string[]; query: URLSearchParams };

export function parseRoute(hash: string): Route {
  const [where = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const parts = where.split('/').filter(Boolean).map(safeDecode);
  return { parts, query: new URLSearchParams(search) };
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The id in `parts` after the room's name, or null: owner and key are two segments. */
export function idOf(route: Route): string | null {
  const [, owner, key] = route.parts;
  return owner && key ? `${owner}/${key}` : null;
}

export function href(room: string, id?: string, query?: Record<string, string>): string {
  const tail = query && Object.keys(query).length ? '?' + new URLSearchParams(query).toString() : '';
  return `#/${room}${id ? '/' + id : ''}${tail}`;
}

const ROOM_OF_KIND: Record<string, string> = {
  incident: 'incidents',
  request: 'requests',
  hazard: 'picture',
  'log-entry': 'log',
  task: 'tasks',
  decision: 'decisions',
  plan: 'plans',
  'plan-approval': 'plans',
};

/** Where a record of any kind is shown best. */
export function hrefOf(kind: string, id: string): string {
  return href(ROOM_OF_KIND[kind] ?? 'records', id);
}
