/** What the palette offers besides records: what a person may do, whom they work with, and places. */
import { i18n } from '../i18n/index.svelte';
import type { Entry } from '../lib/palette';
import { href } from '../lib/routes';
import { PLACES } from '../rooms/picture/places';
import { attention } from '../state/attention.svelte';
import { past } from '../state/past.svelte';
import { session } from '../state/session.svelte';
import { ROOMS } from './rooms';

const go = (where: string) => (): void => void (location.hash = where);

export function actions(): Entry[] {
  const t = i18n.t;
  const entry = (key: string, text: string, hint: string, run: () => void, allowed = true): Entry[] =>
    allowed ? [{ key, group: 'action', text, hint, run }] : [];
  return [
    ...entry('new-request', t.board.newRequest, 'n', go('#/requests/new'), session.may('request.send')),
    ...entry('new-incident', t.board.newIncident, 'i', go('#/incidents/new'), session.may('incident.write')),
    ...entry('write-log', t.log.write, 'w', go('#/log?write=1'), session.may('log.write')),
    ...entry('hand-over', t.floor.handover.title, '', go('#/handover')),
    ...ROOMS.filter((room) => !room.needs || session.may(room.needs)).flatMap((room) => entry(room.path, t.nav[room.name], `g ${room.key}`, go(`#/${room.path}`))),
    ...entry('look-back', t.past.begin, '', () => past.step(false), !past.on),
    ...entry('now', t.past.now, '', () => past.go(null), past.on),
    ...entry('me', t.admin.mine, '', go('#/me')),
    ...entry('language', t.app.languageTitle, 'Shift+L', () => i18n.toggle()),
    ...entry('theme', t.theme.title, '', () => session.toggleTheme()),
    ...entry('sound', t.floor.attention.sound, '', () => attention.setSound(!attention.sound)),
    ...entry('sign-out', t.signIn.signOut, '', () => void session.signOut()),
  ];
}

export function partners(): Entry[] {
  return session.partners.map((p) => ({
    key: p.hq,
    group: 'partner',
    text: session.hqName(p.hq, i18n.lang),
    hint: `${p.hq} · ${i18n.t.link[p.link.state]}`,
    run: go(href('partners', p.hq)),
  }));
}

export function places(): Entry[] {
  const other = i18n.lang === 'en' ? 'ja' : 'en';
  return PLACES.map((p) => ({ key: p.en, group: 'place', text: p[i18n.lang], hint: p[other], run: go(href('picture', undefined, { at: `${p.lat},${p.lon}` })) }));
}
