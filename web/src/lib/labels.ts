/**
 * What a label amounts to on a screen.  The node decides who may see what and what several labels amount to
 * together; the client only knows which single one ranks highest, for the moment until the node has answered.
 */
import type { Category, Classification, Label, LabelCheck, Policy } from '../api/types';
import { distance } from './colour';

export function labelKey(label: Label): string {
  const categories = [...(label.categories ?? [])]
    .map((c) => `${c.tag}=${[...c.values].sort().join(',')}`)
    .sort();
  return [label.policy, label.classification, ...categories].join('|');
}

export function rankOf(label: Label, classifications: readonly Classification[]): number {
  return classifications.find((c) => c.name === label.classification)?.rank ?? -1;
}

/**
 * The rank of what is shown.  A partner's label stands under a policy whose ranks this node does not give:
 * the nearest of our colours places it, and a colour that cannot be read counts as the highest.
 */
export function shownRank(label: Label, colour: string, policy: Policy): number {
  if (label.policy === policy.policy) return rankOf(label, policy.classifications);
  const far = (c: Classification): number => distance(c.colour, colour);
  const nearest = policy.classifications.reduce<Classification | null>((a, b) => (a && far(a) <= far(b) ? a : b), null);
  return nearest && Number.isFinite(far(nearest)) ? nearest.rank : Number.MAX_SAFE_INTEGER;
}

export type Shown = { label: Label; rank: number };

/** The one that ranks highest; null of none. */
export function highestOf<S extends Shown>(shown: readonly S[]): S | null {
  return shown.reduce<S | null>((a, b) => (a && a.rank >= b.rank ? a : b), null);
}

/** `label` with one value of one tag switched; a tag without values is left out. */
export function toggled(label: Label, tag: string, type: Category['type'], value: string): Label {
  const categories = label.categories ?? [];
  const had = categories.find((c) => c.tag === tag)?.values ?? [];
  const values = had.includes(value) ? had.filter((v) => v !== value) : [...had, value].sort();
  const rest = categories.filter((c) => c.tag !== tag);
  return { ...label, categories: values.length ? [...rest, { tag, type, values }] : rest };
}

export function holds(label: Label, tag: string, value: string): boolean {
  return label.categories?.some((c) => c.tag === tag && c.values.includes(value)) ?? false;
}

/** Those who would get it and those who would not, in that order, for the line under the label. */
export function parted(check: LabelCheck): { released: string[]; withheld: { hq: string; reason: string }[] } {
  return {
    released: check.audience.filter((a) => a.outcome === 'released').map((a) => a.hq),
    withheld: check.audience.filter((a) => a.outcome === 'withheld').map(({ hq, reason }) => ({ hq, reason })),
  };
}

/**
 * The label to begin with when something is meant for `hq`: the first of the usual ones that gets there
 * and names who may have it; failing that, the first that gets there at all.
 */
export function suggestionFor(hq: string, labels: readonly Label[], checks: readonly (LabelCheck | null)[]): Label | null {
  const reaches = (check: LabelCheck | null | undefined): boolean => (check ? parted(check).released.includes(hq) : false);
  const reaching = labels.filter((_, i) => reaches(checks[i]));
  return reaching.find((l) => l.categories?.some((c) => c.type === 'permissive')) ?? reaching[0] ?? null;
}
