/** The language in use; switching it redraws every text without a reload. */
import type { Lang } from '../api/types';
import { en, type Dictionary } from './en';
import { ja } from './ja';

const KEY = 'renkei.lang';
const DICTIONARIES: Record<Lang, Dictionary> = { en, ja };

function first(): Lang {
  const kept = localStorage.getItem(KEY);
  if (kept === 'en' || kept === 'ja') return kept;
  return navigator.language.startsWith('ja') ? 'ja' : 'en';
}

class I18n {
  lang = $state<Lang>(first());
  readonly t = $derived(DICTIONARIES[this.lang]);

  set(lang: Lang): void {
    this.lang = lang;
    localStorage.setItem(KEY, lang);
    document.documentElement.lang = lang;
  }

  toggle(): void {
    this.set(this.lang === 'en' ? 'ja' : 'en');
  }
}

export const i18n = new I18n();
