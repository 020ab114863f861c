/**
 * What a label amounts to on a screen.  The node decides who may see what; the client only joins the
 * labels it shows into one for the marking strip (highest classification, union of restrictive
 * values, intersection of permissive ones) and asks the node for that label's marking.
 */
import type { Category, Classification, Label, LabelCheck, Policy } from '../api/types';

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
 * The rank of what is shown.  A partner's label stands under another policy: its marking's colour places
 * it among ours, and what cannot be placed counts as the highest, never as nothing.
 */
export function shownRank(label: Label, colour: string, policy: Policy): number {
  const own = label.policy === policy.policy ? rankOf(label, policy.classifications) : -1;
  if (own >= 0) return own;
  const alike = policy.classifications.find((c) => c.colour.toLowerCase() === colour.toLowerCase());
  return alike?.rank ?? Number.MAX_SAFE_INTEGER;
}

/** All labels as one, or null when none stands under this policy. */
export function aggregate(labels: readonly Label[], policy: Policy): Label | null {
  const known = labels.filter((l) => l.policy === policy.policy && rankOf(l, policy.classifications) >= 0);
  const [first] = known;
  if (!first) return null;
  const highest = known.reduce((a, b) =>
    rankOf(b, policy.classifications) > rankOf(a, policy.classifications) ? b : a,
  );
  return {
    policy: policy.policy,
    classification: highest.classification,
    categories: policy.tags.flatMap((tag) => joined(known, tag.tag, tag.type)),
  };
}

function joined(labels: readonly Label[], tag: string, type: Category['type']): Category[] {
  const per = labels.map((l) => l.categories?.find((c) => c.tag === tag)?.values ?? null);
  const present = per.filter((v): v is string[] => v !== null);
  if (!present.length) return [];
  const values =
    type === 'permissive'
      ? present.reduce((a, b) => a.filter((v) => b.includes(v)))
      : [...new Set(present.flat())];
  return [{ tag, type, values: [...values].sort() }];
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
