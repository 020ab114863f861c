/** How a hazard is named and drawn. */
import type { Hazard, HazardArea, Lang } from '../api/types';
import { dtg } from './dtg';

const TYPE: Record<Hazard['type'], Record<Lang, string>> = {
  tsunami: { en: 'Tsunami', ja: '津波' },
  earthquake: { en: 'Earthquake', ja: '地震' },
};

/** The authority's words in the reader's language; the other language where it has none. */
export const areaName = (a: HazardArea, lang: Lang): string => (lang === 'ja' ? a.name_ja || a.name_en : a.name_en || a.name_ja) || a.code;
export const areaGrade = (a: HazardArea, lang: Lang): string => (lang === 'ja' ? a.category_ja || a.category_en : a.category_en || a.category_ja) || '';
export const arrivalNote = (a: HazardArea, lang: Lang): string => (lang === 'ja' ? a.arrival_note_ja || a.arrival_note_en : a.arrival_note_en || a.arrival_note_ja) || '';

const RANK = ['unknown', 'minor', 'moderate', 'severe', 'extreme'];
const rank = (a: HazardArea): number => RANK.indexOf(a.severity ?? 'unknown');

/** The gravest first; among equals the order of the report. */
export function byGravity(areas: readonly HazardArea[]): HazardArea[] {
  return [...areas].sort((a, b) => rank(b) - rank(a));
}

/** One line: what it is, the gravest grade and where; for an earthquake magnitude and epicentre. */
export function hazardTitle(hazard: Hazard, lang: Lang): string {
  const [worst] = byGravity(hazard.areas ?? []);
  const type = TYPE[hazard.type][lang];
  const at = dtg(hazard.issued_at);
  if (hazard.type === 'earthquake') {
    const where = lang === 'ja' ? hazard.hypocentre?.name_ja : hazard.hypocentre?.name_en || hazard.hypocentre?.name_ja;
    return [type, hazard.magnitude ? `M${hazard.magnitude}` : '', where ?? '', at].filter(Boolean).join(' · ');
  }
  const grave = (hazard.areas ?? []).filter((a) => worst && rank(a) === rank(worst));
  const named = grave.slice(0, 3).map((a) => areaName(a, lang)).join(lang === 'ja' ? '、' : ', ');
  const more = grave.length > 3 ? ` +${grave.length - 3}` : '';
  return [(worst && areaGrade(worst, lang)) || type, named + more, at].filter(Boolean).join(' · ');
}
