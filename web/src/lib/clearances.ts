/** A clearance as a person reads and fills it in: levels held, and values held per tag. */
import type { Clearance, Lang, Policy } from '../api/types';

/** What a tag's values amount to; informative tags are carried by labels alone and never held. */
type Tag = Policy['tags'][number];

export function holdable(policy: Policy): Tag[] {
  return policy.tags.filter((tag) => tag.type === 'restrictive' || tag.type === 'permissive');
}

export function emptyClearance(policy: Policy): Clearance {
  return { policy: policy.policy, classifications: [], categories: [] };
}

/** `clearance` with one level switched. */
export function levelToggled(clearance: Clearance, level: string): Clearance {
  const held = clearance.classifications;
  return { ...clearance, classifications: held.includes(level) ? held.filter((l) => l !== level) : [...held, level] };
}

export function holdsValue(clearance: Clearance, tag: string, value: string): boolean {
  return clearance.categories?.some((c) => c.tag === tag && c.values.includes(value)) ?? false;
}

/** `clearance` with one value of one tag switched; a tag without values is left out. */
export function valueToggled(clearance: Clearance, { tag, type }: Tag, value: string): Clearance {
  const before = clearance.categories ?? [];
  const held = before.find((c) => c.tag === tag)?.values ?? [];
  const values = held.includes(value) ? held.filter((v) => v !== value) : [...held, value].sort();
  const others = before.filter((c) => c.tag !== tag);
  return { ...clearance, categories: values.length ? [...others, { tag, type, values }] : others };
}

/** The levels in the policy's order, then the values, as markings in `lang`; names of another policy as they are. */
export function clearanceWords(clearance: Clearance, policy: Policy | null, lang: Lang): { levels: string[]; values: string[] } {
  const ours = policy?.policy === clearance.policy ? policy : null;
  const levels = ours
    ? ours.classifications.filter((c) => clearance.classifications.includes(c.name)).map((c) => c.marking[lang] || c.name)
    : [...clearance.classifications];
  const values = (clearance.categories ?? []).flatMap(({ tag, values: held }) => {
    const known = ours?.tags.find((t) => t.tag === tag);
    return held.map((v) => known?.values.find((k) => k.value === v)?.marking[lang] || v);
  });
  return { levels, values };
}
