/** Which of a text's languages to show, and what to say where a portion was cut. */
import type { Lang, Text, Translation } from '../api/types';

export type Shown = { text: string; lang: Lang; translation: Translation | null };

/** One line in the reader's language where there is one, else the original. */
export function inLanguage(text: Text | null | undefined, lang: Lang): Shown | null {
  if (!text) return null;
  if (text.lang === lang) return { text: text.text, lang, translation: null };
  const translation = text.translations?.find((t) => t.lang === lang) ?? null;
  return translation
    ? { text: translation.text, lang, translation }
    : { text: text.text, lang: text.lang, translation: null };
}

export const other = (lang: Lang): Lang => (lang === 'en' ? 'ja' : 'en');

/** The languages in which a text still has no words. */
export function missing(text: Text): Lang[] {
  const has = new Set<Lang>([text.lang, ...(text.translations ?? []).map((t) => t.lang)]);
  return (['en', 'ja'] as const).filter((lang) => !has.has(lang));
}

/** Japanese script anywhere makes a text Japanese for the form's first guess; the writer may change it. */
export function guessLang(text: string, fallback: Lang): Lang {
  if (/[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]/.test(text)) return 'ja';
  return /[A-Za-z]{2}/.test(text) ? 'en' : fallback;
}

/** Longer than any line on a screen; a text may hold a million characters without a break. */
const LINE_CHARACTERS = 400;

/** A text's beginning for one line; the whole is where the record is. */
export function oneLine(text: string): string {
  if (text.length <= LINE_CHARACTERS) return text;
  return [...text.slice(0, LINE_CHARACTERS)].slice(0, -1).join('') + '…';
}
