/**
 * Through which moment the node is read: what it knew at an instant, or what a partner had confirmed by then.
 *
 * Only what the rooms hold can be read so (`asOf`, `knownTo`); the node itself, its accounts, links and the
 * review queue are always those of now.
 */
export type Lens = { at: number; knownTo: string };

const ROOMS =
  /^\/(areas|command\/(duty|in-force|mine|routes)|decisions|duty-hours|functions|handovers|hazards|headquarters|incidents|legal-bases|log-entries|map|map\.geojson|plans|positions|posts|records|relations|requests|responsibilities|search|sites|strengths|structure|tasks|units)(\/[^/?]+\/[^/?]+)?(\/bytes|\/document|\/rows)?(\?|$)/;

/** What is asked with a body and answered without writing anything. */
const QUESTIONS = /^\/(session|labels|release\/(audience|audit)|plans\/(at|check|diff)|paths|policy\/(explain|diff))(\/|\?|$)/;

export function tellsOfThePast(where: string): boolean {
  return ROOMS.test(where) || /^\/(requests\/rows|plans\/(packaged|words)|paths\/packaged)(\?|$)/.test(where);
}

export const onlyAsks = (where: string): boolean => QUESTIONS.test(where);

/** `where` as of the lens; unchanged where the node has only a present. */
export function through(lens: Lens | null, where: string): string {
  if (!lens || !tellsOfThePast(where)) return where;
  const asked = new URLSearchParams({ asOf: new Date(lens.at).toISOString() });
  if (lens.knownTo) asked.set('knownTo', lens.knownTo);
  return `${where}${where.includes('?') ? '&' : '?'}${asked.toString()}`;
}

/** The lens in a page's address (`?asOf=…&knownTo=…`), or null: now. */
export function lensOf(search: string): Lens | null {
  const asked = new URLSearchParams(search);
  const at = Date.parse(asked.get('asOf') ?? '');
  return Number.isNaN(at) ? null : { at, knownTo: asked.get('knownTo') ?? '' };
}

export function searchOf(lens: Lens | null): string {
  if (!lens) return '';
  const asked = new URLSearchParams({ asOf: new Date(lens.at).toISOString() });
  if (lens.knownTo) asked.set('knownTo', lens.knownTo);
  return '?' + asked.toString();
}
