/*
 * What `python -m bench map` puts before the client's own code: the node's answers about positions and its live stream,
 * made here in the shapes the API gives them, so that the client reads, parses and shows them as it always does.
 * Everything else it asks of the real node.
 */
(({ symbols, rate, label, marking }) => {
  const EVERY_MS = 100;
  const asked = globalThis.fetch;
  const json = { 'content-type': 'application/json' };
  const bench = { delays: [], handed: 0, pictures: 0, begun: false };

  /** A small generator of its own, so that every run sees the same traffic (Park and Miller's multiplier). */
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const ships = Array.from({ length: symbols }, (_, i) => {
    const [lon, lat, course] = [121 + random() * 22, 21 + random() * 18, random() * 360];
    return { i, id: `${i % 3 ? 'jp.jjoc' : 'us.usfj'}/${String(i).padStart(26, '0')}`, lon, lat, course, version: 1, handed: 0 };
  });
  /** The order in which they changed, as the node lists them from the end: a place of its own for each change. */
  const log = [...ships];
  const places = ships.map((_, i) => i);
  let turn = 0;

  function view(ship) {
    const at = new Date().toISOString();
    const geometry = { type: 'Point', coordinates: [ship.lon, ship.lat] };
    const record = { kind: 'position', id: ship.id, version: ship.version, at, observed_at: at, by: 'bench', label, realm: 'live', name: `Track ${ship.i}`, course: ship.course, geometry };
    return { record, marking, source: '', at, loggedAt: at, freshness: { ageSeconds: 0, from: '', link: null }, cut: 0 };
  }

  function page(query) {
    const [limit, items] = [Number(query.get('limit') ?? 200), []];
    let place = Number(query.get('before') ?? log.length) - 1;
    for (; place >= 0 && items.length < limit; place--) {
      const ship = log[place];
      if (places[ship.i] !== place) continue;
      if (ship.handed < ship.version) bench.handed += bench.begun ? 1 : 0;
      ship.handed = ship.version;
      items.push(view(ship));
    }
    return new Response(JSON.stringify({ items, next: place >= 0 ? String(place + 1) : null }), { headers: json });
  }

  function change(count) {
    let said = '';
    for (let n = 0; n < count; n++) {
      const ship = ships[turn++ % ships.length];
      ship.lon += Math.sin((ship.course * Math.PI) / 180) * 0.004;
      ship.lat += Math.cos((ship.course * Math.PI) / 180) * 0.004;
      ship.version += 1;
      places[ship.i] = log.push(ship) - 1;
      said += `event: record\nid: ${log.length}\ndata: ${JSON.stringify({ id: ship.id, kind: 'position', version: ship.version })}\n\n`;
    }
    return said;
  }

  function stream(init) {
    let timer;
    const letters = new TextEncoder();
    const body = new ReadableStream({
      start(out) {
        timer = setInterval(() => bench.begun && out.enqueue(letters.encode(change((rate * EVERY_MS) / 1000))), EVERY_MS);
        init?.signal?.addEventListener('abort', () => clearInterval(timer));
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  globalThis.fetch = (what, init) => {
    const url = new URL(typeof what === 'string' ? what : what.url, location.href);
    if (url.pathname === '/api/v1/positions') return Promise.resolve(page(url.searchParams));
    return url.pathname === '/api/v1/stream' ? Promise.resolve(stream(init)) : asked(what, init);
  };
  const shown = ImageBitmapRenderingContext.prototype.transferFromImageBitmap;
  ImageBitmapRenderingContext.prototype.transferFromImageBitmap = function (image) {
    bench.pictures += 1;
    return shown.call(this, image);
  };
  for (const kind of ['pointermove', 'pointerdown', 'keydown', 'wheel']) {
    addEventListener(kind, (event) => bench.delays.push(performance.now() - event.timeStamp), { capture: true, passive: true });
  }
  /** What happened since the last call. */
  bench.taken = () => {
    const said = { delays: bench.delays, handed: bench.handed, pictures: bench.pictures };
    [bench.delays, bench.handed, bench.pictures] = [[], 0, 0];
    return said;
  };
  globalThis.bench = bench;
})
