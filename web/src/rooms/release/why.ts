/**
 * What the release screens say of the node's answers: why in plain words, what became of a record.  Nothing here
 * decides who gets what; the node does, and its rule is only put into words.
 */
import type { AgreementView, Change, Departure, Label, Lang, Policy, Recall } from '../../api/types';
import type { Dictionary } from '../../i18n/en';

/** Agreements that end within this time are shown as ending soon. */
export const SOON_MS = 30 * 86_400_000;
export const BYTES_SHOWN = 2048;
const BYTES_A_LINE = 16;

/** A label in words, by the policy's own markings where it is ours. */
export function labelWords(label: Label, policy: Policy | null, lang: Lang): string {
  const level = policy?.classifications.find((c) => c.name === label.classification)?.marking[lang] ?? label.classification;
  const values = (label.categories ?? []).flatMap((c) => c.values.map((v) => policy?.tags.find((t) => t.tag === c.tag)?.values.find((x) => x.value === v)?.marking[lang] || v));
  return [level, ...values].join(' · ');
}

/** One thing that would have to be otherwise, in words. */
export function changeWords(change: Change, t: Dictionary['release'], kinds: Record<string, string>, policy: Policy | null, lang: Lang): string {
  const tag = policy?.tags.find((one) => one.tag === change.tag);
  const named = (v: string): string => tag?.values.find((x) => x.value === v)?.marking[lang] || v;
  const values = (change.values ?? []).map(named).join(lang === 'ja' ? '、' : ', ');
  const words = {
    classification: () => t.change.classification(policy?.classifications.find((c) => c.name === change.values?.[0])?.marking[lang] ?? values),
    add: () => t.change.add(tag?.name[lang] ?? change.tag ?? '', values),
    remove: () => t.change.remove(tag?.name[lang] ?? change.tag ?? '', values),
    agreement: () => t.change.agreement(kinds[change.values?.[0] ?? ''] ?? values),
    clearance: () => t.change.clearance,
    signature: () => t.change.signature(change.count ?? 1),
  }[change.what]();
  return change.where ? t.change.in(change.where, words) : words;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes as people read them: place, sixteen of them, and the printable ones. */
export function hexLines(bytes: Uint8Array, limit = BYTES_SHOWN): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, limit); at += BYTES_A_LINE) {
    const some = [...bytes.slice(at, Math.min(at + BYTES_A_LINE, limit))];
    const hex = some.map((b) => b.toString(16).padStart(2, '0')).join(' ');
    const plain = some.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(BYTES_A_LINE * 3 - 1)}  ${plain}`);
  }
  return lines.join('\n');
}

/** A rendition on several lines, to be read; what is signed for is the text itself. */
export function readable(rendition: string): string {
  try {
    return JSON.stringify(JSON.parse(rendition), null, 2);
  } catch {
    return rendition;
  }
}

export type Event = { at: string; hq: string; what: 'released' | 'received' | 'recalled' | 'narrowed' | 'undelivered' | 'lifted' | 'confirmed'; seq: number | null; size: number | null };

/** What became of a record, minute by minute: departures, receipts, recalls and confirmations, newest first. */
export function historyOf(departures: readonly Departure[], recalls: readonly Recall[]): Event[] {
  const out = departures.flatMap((d): Event[] => [
    { at: d.at, hq: d.hq, what: 'released', seq: d.seq, size: d.size },
    ...(d.received_at ? [{ at: d.received_at, hq: d.hq, what: 'received' as const, seq: d.seq, size: null }] : []),
  ]);
  const back = recalls.flatMap((r): Event[] => [
    { at: r.at, hq: '', what: r.lifted ? 'lifted' : r.ended ? 'undelivered' : r.narrowed ? 'narrowed' : 'recalled', seq: null, size: null },
    ...r.partners.filter((p) => p.progress === 'confirmed' && p.since).map((p): Event => ({ at: p.since ?? '', hq: p.hq, what: 'confirmed', seq: null, size: null })),
  ]);
  return [...out, ...back].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** Seconds in the unit a person would say them in. */
export function seconds(value: number, t: Dictionary['release']['pace']): string {
  if (value < 1) return t.ms(Math.round(value * 1000));
  if (value < 60) return t.s(Number(value.toPrecision(2)));
  return value < 3600 ? t.min(Math.round(value / 60)) : t.h(Number((value / 3600).toPrecision(2)));
}

export function endsSoon({ agreement, in_force }: AgreementView, now: number): boolean {
  return in_force && Boolean(agreement.until) && Date.parse(agreement.until ?? '') - now < SOON_MS;
}
