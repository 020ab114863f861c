/** Plans as they are read and signed: pure. */
import type { AnyChange, Part, PlanView } from '../../api/types';

/** What stands before a change, beside its colour. */
export const SIGN: Record<AnyChange['change'], string> = { add: '+', end: '−', amend: '~' };

/** The changes of a part, in the plan's order. */
export function changesOf(plan: PlanView, part: Part): AnyChange[] {
  const nations = part.nations.join('+');
  return (plan.plan.record.changes ?? [])
    .filter((p) => p.change.phase === part.phase && p.nations.join('+') === nations)
    .map((p) => p.change);
}

/** The choices that must be made before a part can be signed. */
export function choicesOf(changes: readonly AnyChange[]): string[] {
  return [...new Set(changes.flatMap((c) => Object.keys(c.when ?? {})))].sort();
}

/** What a change is about, in the words of the document. */
export function aboutOf(change: AnyChange): { kind: string; key: string } {
  if (change.change !== 'add') return { kind: change.kind, key: change.of };
  const { fact } = change;
  return { kind: fact.kind, key: 'code' in fact ? fact.code : fact.key };
}

/** What a fact that is added is called; "" where it has no name, or is there already. */
export function nameOf(change: AnyChange, lang: 'en' | 'ja'): string {
  if (change.change !== 'add' || !('names' in change.fact)) return '';
  const { names } = change.fact;
  return names[lang] || names.en || names.ja || '';
}

/** What a change says, field by field, without what only a program reads. */
export function saysOf(change: AnyChange): [string, string][] {
  if (change.change === 'end') return [];
  const said: Record<string, unknown> = change.change === 'add' ? { ...change.fact } : change.fields;
  const hidden = ['kind', 'code', 'key', 'source', 'confidence', 'basis', 'note', 'by', 'order', 'status'];
  return Object.entries(said)
    .filter(([name, value]) => !hidden.includes(name) && value !== '' && value !== null)
    .map(([name, value]) => [name, plain(value)]);
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(plain).join(' / ');
  return String(value);
}

/** The day a phase has, or null where it is not known. */
export function dayOf(plan: PlanView, phase: string): string | null {
  return plan.plan.record.phases.find((p) => p.key === phase)?.on ?? null;
}

/** Whether the headquarters may sign: one of its nations is missing, or what it signed can be replaced. */
export function maySign(part: Part, nations: readonly string[]): boolean {
  return part.state !== 'in force' && part.nations.some((n) => nations.includes(n));
}

/** Our own signature under a part, if there is one. */
export const ownSignature = (part: Part, hq: string): Part['signatures'][number] | undefined => part.signatures.find((s) => s.hq === hq);
