/** A plan on the workbench: moments, trees and marks, out of what the node answers.  Pure. */
import type { Difference, Fact, Moment, PlanDocument } from '../../api/types';

export type TreeRow = { code: string; names: { en?: string; ja?: string }; depth: number };

/** Parents go by these, the first that there is. */
export const PARENTS: readonly string[] = ['command', 'opcon', 'administrative', 'coordination', 'support', 'tacon', 'liaison'];

/** How the node is asked for a moment: by its phase where the day is not known. */
export const keyOf = (moment: Moment): string => (moment.step && moment.phase ? moment.phase : moment.day);

export function phaseName(plan: PlanDocument, key: string, lang: 'en' | 'ja'): string {
  const names = plan.phases?.find((p) => p.key === key)?.names;
  return names?.[lang] || names?.en || key;
}

/**
 * Units under their parents, those without one at the top; each once, whatever the relations say.  In the hierarchy
 * of one kind (`only`) those that are in it, and of the rest those in `besides`.
 */
export function treeOf(facts: readonly Fact[], only = '', besides: ReadonlyMap<string, unknown> = new Map()): TreeRow[] {
  const units = new Map(facts.filter((f) => f.kind === 'unit').map((f) => [f.code ?? '', f]));
  const parent = new Map<string, string>();
  for (const kind of only ? [only] : PARENTS) {
    for (const { kind: is, relation, subject = '', object = '' } of facts) {
      if (is === 'relation' && relation === kind && !parent.has(subject) && units.has(subject) && units.has(object)) parent.set(subject, object);
    }
  }
  const below = new Map<string, string[]>();
  for (const code of [...units.keys()].sort()) {
    const above = parent.get(code) ?? '';
    below.set(above, [...(below.get(above) ?? []), code]);
  }
  const rows: TreeRow[] = [];
  const done = new Set<string>();
  const walk = (code: string, depth: number): void => {
    if (done.has(code)) return;
    done.add(code);
    rows.push({ code, names: units.get(code)?.names ?? {}, depth });
    for (const child of below.get(code) ?? []) walk(child, depth + 1);
  };
  for (const top of below.get('') ?? []) if (!only || below.has(top) || besides.has(top)) walk(top, 0);
  for (const code of parent.keys()) walk(code, 0); // units in a circle have no top
  return rows;
}

/** The word that marks a unit in the trees: what happened to it, its relations, its posts or responsibilities. */
export function marksOf(lines: readonly Difference[]): Map<string, string> {
  const marks = new Map<string, string>();
  for (const line of lines) {
    const fact = line.after ?? line.before;
    const code = line.kind === 'unit' ? line.key : (fact?.subject ?? fact?.unit ?? '');
    // What happened to the unit itself says more than what happened around it.
    if (code && (line.kind === 'unit' || !marks.has(code))) marks.set(code, line.kind === 'unit' || line.word === 'moved' ? line.word : 'amended');
  }
  return marks;
}

/** A name in one language, or in the other where it has none. */
export const named = (names: { en?: string; ja?: string }, lang: 'en' | 'ja'): string => names[lang] || names.en || names.ja || '';

type Named = { en?: string; ja?: string };
export type NamesOf = ReadonlyMap<string, Named>;

/** What units, posts, sites and functions are called, by code or key, out of facts of both sides. */
export function namesIn(...sides: (readonly Fact[])[]): NamesOf {
  const found = new Map<string, Named>();
  for (const fact of sides.flat()) {
    const key = fact.code ?? fact.key;
    if (key && fact.names) found.set(key, fact.names);
  }
  return found;
}

/** The words that a title of a fact is put together from. */
export type Saying = { lang: 'en' | 'ja'; kinds: Record<string, string>; parts: Record<string, string>; functions: Record<string, string> };

/** A fact as a reader would call it: its name, or who is what to whom; "" if it has none but its key. */
export function titleOf(fact: Fact, names: NamesOf, { lang, kinds, parts, functions }: Saying): string {
  const call = (key: string): string => names.get(key)?.[lang] || names.get(key)?.en || names.get(key)?.ja || key;
  if (fact.kind === 'relation') return `${kinds[fact.relation ?? ''] ?? fact.relation ?? ''}: ${call(fact.subject ?? '')} → ${call(fact.object ?? '')}`;
  if (fact.kind === 'responsibility') return `${call(fact.subject ?? '')}: ${functions[fact.function ?? ''] ?? call(fact.function ?? '')} (${parts[fact.part ?? ''] ?? fact.part ?? ''})`;
  if (fact.kind === 'strength') return `${call(fact.subject ?? '')}: ${String(fact.figure ?? '')}`;
  return fact.names?.[lang] || fact.names?.en || fact.names?.ja || '';
}

/** What facts are called, by code or key. */
export function titlesOf(facts: readonly Fact[], names: NamesOf, saying: Saying): Map<string, string> {
  return new Map(facts.flatMap((fact) => {
    const [key, title] = [fact.code ?? fact.key, titleOf(fact, names, saying)];
    return key && title ? [[key, title] as const] : [];
  }));
}

/** Sides as somebody types them, "Blue = US, Red = -": their nations by name. */
export function sidesOf(typed: string): Record<string, string> {
  const pairs = typed.split(/[,、\n]/).map((pair) => pair.split('=').map((word) => word.trim()));
  return Object.fromEntries(pairs.filter(([side, nation]) => side && nation));
}

/** A value before or after, in one line. */
export function said(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—';
  if (Array.isArray(value)) return value.map(said).join(', ') || '—';
  if (typeof value === 'object') return Object.values(value).map(said).join(' / ');
  return String(value);
}
