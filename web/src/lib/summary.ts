/** One line that stands for a record of any kind, also of kinds this client does not know. */
import type { Hazard, Lang, RecordBase, Text } from '../api/types';
import { hazardTitle } from './hazards';
import { inLanguage, oneLine } from './text';

/** Fields that name or tell a record, in the order in which they do so best. */
const TELLING = ['title', 'text', 'need', 'names', 'name', 'headline', 'summary', 'reason', 'reasons', 'note', 'what', 'purpose', 'code', 'key', 'function'];

export function summaryOf(record: RecordBase, lang: Lang): string {
  if (record.kind === 'hazard') return hazardTitle(record as Hazard, lang);
  const fields = record as unknown as Record<string, unknown>;
  for (const name of TELLING) {
    const words = wordsOf(fields[name], lang);
    if (words) return oneLine(words);
  }
  return '';
}

function wordsOf(value: unknown, lang: Lang): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  if ('text' in value && 'lang' in value) return inLanguage(value as Text, lang)?.text ?? '';
  const names = value as Partial<Record<Lang, string>>;
  return names[lang] || names.en || names.ja || '';
}
