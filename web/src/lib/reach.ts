/** Whom something reaches, out of the node's answers, and the rule that decided in plain words. */
import type { AudienceAnswer, Release } from '../api/types';
import type { Dictionary } from '../i18n/en';

/** Who would get it at once, who after review, and who not at all. */
export function audienceOf(partners: readonly Release[]): { released: string[]; held: string[]; withheld: Release[] } {
  const of = (outcome: Release['outcome']): Release[] => partners.filter((p) => p.outcome === outcome);
  return { released: of('released').map((p) => p.hq), held: of('held').map((p) => p.hq), withheld: of('withheld') };
}

/** Those whom the widest label reaches and the one given does not. */
export function reachedBesides({ given, widest }: AudienceAnswer): string[] {
  const left = audienceOf(given.partners).withheld.map((p) => p.hq);
  return widest.partners.filter((p) => p.outcome !== 'withheld' && left.includes(p.hq)).map((p) => p.hq);
}

/** The plain sentence for the rule that decided: by its code where that says more than the rule does. */
export function ruleWords(rule: string, code: string, t: Dictionary['release']): string {
  return t.code[code] ?? t.rule[rule] ?? t.rule.other ?? '';
}
