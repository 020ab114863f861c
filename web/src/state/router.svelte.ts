/** The address bar as state. */
import { href, parseRoute, type Route } from '../lib/routes';

class Router {
  route = $state.raw<Route>(parseRoute(location.hash));
  readonly room = $derived(this.route.parts[0] ?? 'board');

  constructor() {
    addEventListener('hashchange', () => (this.route = parseRoute(location.hash)));
  }

  go(room: string, id?: string, query?: Record<string, string>): void {
    location.hash = href(room, id, query);
  }
}

export const router = new Router();
