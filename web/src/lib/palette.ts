/** What a command palette offers, and how well each entry fits what was typed. */

export type Entry = { key: string; group: 'action' | 'record' | 'partner' | 'place'; text: string; hint?: string; run: () => void };

/**
 * How well `text` holds `typed`: lower is better, null is not at all.  Every word must be found; at the beginning of
 * the text is better than at the beginning of a word, which is better than inside one.
 */
export function fit(text: string, typed: string): number | null {
  const plain = text.normalize('NFKC').toLowerCase();
  let sum = 0;
  for (const word of typed.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean)) {
    const at = plain.indexOf(word);
    if (at < 0) return null;
    sum += at === 0 ? 0 : /[\s·:：、]/.test(plain[at - 1] ?? '') ? 1 : 2;
  }
  return sum + plain.length / 1000;
}

/** The best fitting entries, at most `most`; all in their order when nothing is typed. */
export function found(entries: readonly Entry[], typed: string, most: number): Entry[] {
  if (!typed.trim()) return entries.slice(0, most);
  const fitting = entries.map((entry) => ({ entry, score: fit(`${entry.text} ${entry.hint ?? ''}`, typed) }));
  const kept = fitting.filter((f): f is { entry: Entry; score: number } => f.score !== null);
  return kept.sort((a, b) => a.score - b.score).slice(0, most).map((f) => f.entry);
}
