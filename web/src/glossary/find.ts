/** The glossary's terms in a text: longest first, whole words in English, anywhere in Japanese. */
import { TERMS } from './terms';
import type { Term } from './sources';

/** `first`: the first place of that term in the text, the one the keyboard stops at. */
export type Part = { text: string; term: Term | null; first: boolean };

/** Words too ordinary to mark wherever they stand; they are in the glossary page all the same. */
const ORDINARY = new Set(['acknowledge', 'owner', 'fuel', 'receipt', 'recall', 'maintenance', 'relief in place', 'flooding', 'counterpart', 'classification']);

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const longestFirst = (a: string, b: string): number => b.length - a.length;

const english = new Map(TERMS.flatMap((term) => [term.en, ...term.also].map((form) => [form.toLowerCase(), term] as const)).filter(([form]) => !ORDINARY.has(form)));
const japanese = new Map(TERMS.map((term) => [term.ja, term] as const));
const PATTERN = new RegExp(
  `(?<en>(?<![\\p{L}\\p{N}])(?:${[...english.keys()].sort(longestFirst).map(escaped).join('|')})(?:s|es)?(?![\\p{L}\\p{N}]))` +
    `|(?<ja>${[...japanese.keys()].sort(longestFirst).map(escaped).join('|')})`,
  'giu',
);

function termOf(groups: Record<string, string | undefined>): Term | null {
  if (groups.ja) return japanese.get(groups.ja) ?? null;
  const word = (groups.en ?? '').toLowerCase();
  return english.get(word) ?? english.get(word.replace(/s$/, '')) ?? english.get(word.replace(/es$/, '')) ?? null;
}

export function termsIn(text: string): Part[] {
  const parts: Part[] = [];
  const met = new Set<Term>();
  let at = 0;
  for (const found of text.matchAll(PATTERN)) {
    const term = termOf(found.groups ?? {});
    if (!term) continue;
    if (found.index > at) parts.push({ text: text.slice(at, found.index), term: null, first: false });
    parts.push({ text: found[0], term, first: !met.has(term) });
    met.add(term);
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), term: null, first: false });
  return parts;
}
