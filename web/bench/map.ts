/**
 * The map under load, for `python -m bench map`: synthetic positions in the node's own shape go the way live updates
 * go (`positionPoint`, `Movers`, `Scene`), and every input event says how long it waited for its handler.
 */
import '../src/styles/app.css';
import './map.css';

import type { Position, RecordView } from '../src/api/types';
import { Movers } from '../src/rooms/picture/map/movers';
import { positionPoint } from '../src/rooms/picture/map/points';
import { Scene } from '../src/rooms/picture/map/scene';
import { START } from '../src/rooms/picture/map/settings';

const EVERY_MS = 100;
const box = document.getElementById('map');
if (!box) throw new Error('expected #map; none came');

const label = { policy: 'synthetic', classification: 'UNCLASSIFIED', categories: [] };
const marking = { colour: 'green', en: '', ja: '', portion: '' };
let [applied, shown, frames, turn] = [0, 0, 0, 0];
const delays: number[] = [];

/** A small generator of its own, so that every run sees the same traffic (Park and Miller's multiplier). */
let seed = 1;
const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;

type Ship = { lon: number; lat: number; course: number; version: number };
const ships: Ship[] = [];

function view(i: number, ship: Ship): RecordView<Position> {
  const at = new Date().toISOString();
  const id = `${i % 3 ? 'jp.jjoc' : 'us.usfj'}/${String(i).padStart(26, '0')}`;
  const geometry = { type: 'Point', coordinates: [ship.lon, ship.lat] };
  const record = { kind: 'position', id, version: ship.version, at, observed_at: at, by: 'bench', label, realm: 'exercise', name: `Track ${i}`, course: ship.course, geometry };
  return { record, marking, source: '', at, loggedAt: at, freshness: { ageSeconds: 0, from: '', link: null }, cut: 0 } as unknown as RecordView<Position>;
}

const words = { lang: 'en' as const, sides: { jp: 'JP', us: 'US', other: 'Other' }, age: () => '' };
const nothing = (): void => undefined;
const scene = new Scene(box, { lon: 130, lat: 29, zoom: 5 }, words, { moved: nothing, cursor: nothing, picked: nothing, shown: nothing, failed: nothing });
scene.map.on('render', () => frames++);
const movers = new Movers((changes) => {
  shown += changes.size;
  scene.changed(changes);
});

function move(count: number): void {
  const changes = Array.from({ length: count }, () => {
    const i = turn++ % ships.length;
    const ship = ships[i] as Ship;
    ship.lon += Math.sin((ship.course * Math.PI) / 180) * 0.004;
    ship.lat += Math.cos((ship.course * Math.PI) / 180) * 0.004;
    ship.version += 1;
    return positionPoint(view(i, ship), Date.now());
  });
  applied += count;
  movers.apply(changes);
}

for (const kind of ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const) {
  window.addEventListener(kind, (event) => delays.push(performance.now() - event.timeStamp), { capture: true, passive: true });
}

/** Fill with `symbols` and change `rate` of them a second from now on. */
function start(symbols: number, rate: number, clustered: boolean): void {
  for (let i = 0; i < symbols; i++) ships.push({ lon: 121 + random() * 22, lat: 21 + random() * 18, course: random() * 360, version: 1 });
  scene.arrange(START.layers, clustered);
  movers.apply(ships.map((ship, i) => positionPoint(view(i, ship), Date.now())));
  setInterval(() => move((rate * EVERY_MS) / 1000), EVERY_MS);
}

/** What happened since the last call. */
function taken(): { applied: number; shown: number; frames: number; delays: number[] } {
  const said = { applied, shown, frames, delays: delays.splice(0) };
  [applied, shown, frames] = [0, 0, 0];
  return said;
}

Object.assign(window, { bench: { start, taken, loaded: () => scene.map.areTilesLoaded() } });
