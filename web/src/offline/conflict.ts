/** What was written against what the record now says, field by field: pure, so that it can be tested. */
import type { RecordBase, Text } from '../api/types';

export type Difference = { name: string; mine: string; theirs: string; text: boolean };

/** The fields of a write's body beside the same fields of the newest version; equal ones are left out. */
export function differences(where: string, body: Record<string, unknown>, now: RecordBase): Difference[] {
  const fields = where.endsWith('/translations') ? translation(body, now) : { body, now: now as unknown as Record<string, unknown> };
  return Object.entries(fields.body)
    .map(([name, mine]) => ({ name, mine: shown(mine), theirs: shown(fields.now[name]), text: isText(mine) || name === 'text' }))
    .filter((row) => row.mine !== row.theirs);
}

/** The body with the chosen values in it, each in the form the body had it. */
export function merged(body: Record<string, unknown>, chosen: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, name in chosen ? like(value, chosen[name] ?? '') : value]));
}

function translation(body: Record<string, unknown>, now: RecordBase): { body: Record<string, unknown>; now: Record<string, unknown> } {
  const text = (now as unknown as Record<string, Text | undefined>)[String(body.field)];
  const theirs = text?.translations?.find((t) => t.lang === body.lang);
  return { body: { text: body.text, reviewed: body.reviewed }, now: { text: theirs?.text ?? '', reviewed: theirs?.reviewed ?? false } };
}

const isText = (value: unknown): value is { text: string; lang: string } => typeof value === 'object' && value !== null && 'text' in value;

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (isText(value)) return value.text;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function like(value: unknown, chosen: string): unknown {
  if (isText(value)) return { ...value, text: chosen };
  if (typeof value === 'number') return Number(chosen);
  if (typeof value === 'boolean') return chosen === 'true';
  return typeof value === 'object' && value !== null ? (JSON.parse(chosen || 'null') as unknown) : chosen;
}
