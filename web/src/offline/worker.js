/*
 * Lets the client itself load while its node is away.  It keeps the client's own files and nothing else: what
 * the node says (/api) is never touched here, and files are only ever fetched from the node that served this.
 *
 * FILES and RELEASE are put here by the build (vite.config.ts).
 */
const FILES = __FILES__;
const RELEASE = __RELEASE__;
/** Files fetched when first needed, such as the fonts' many parts, are kept beside those of the release. */
const KEPT = `renkei-${RELEASE}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  const old = (name) => name.startsWith('renkei-') && name !== KEPT;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || /^\/(api|metrics)(\/|$)/.test(pathname)) return;
  if (request.headers.has('range')) return;
  if (request.mode === 'navigate') event.respondWith(fresh(request));
  else if (pathname.startsWith('/assets/')) event.respondWith(kept(request));
});

/** The page comes from the node, so that a new release is seen at once; from here when the node is away. */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch (err) {
    const page = await caches.match('/', { cacheName: KEPT });
    if (page) return page;
    throw err;
  }
}

/** Names under /assets/ hold a hash of the content: what is kept can never be old. */
async function kept(request) {
  const found = await caches.match(request, { cacheName: KEPT });
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(KEPT)).put(request, answer.clone());
  return answer;
}
