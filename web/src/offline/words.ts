/** The words a person typed into a write, for a line that tells which one it is. */
export function wordsOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const said = Object.entries(body as Record<string, unknown>).filter(([name]) => name !== 'label');
  return said.flatMap(([, value]) => texts(value)).join(' · ');
}

function texts(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('text' in value && typeof value.text === 'string') return value.text ? [value.text] : [];
  return Object.values(value).flatMap(texts);
}
