import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { en } from '../src/i18n/en';
import { ja } from '../src/i18n/ja';

type Leaf = { key: string; value: unknown };

function leaves(tree: object, at = ''): Leaf[] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? leaves(value, `${at}${name}.`) : [{ key: at + name, value }],
  );
}

/** Every text, functions called with something plausible. */
function words({ key, value }: Leaf): string {
  if (typeof value === 'string') return value;
  const argument = ['ago', 'old', 'ageOnly', 'dueIn', 'late'].includes(key) ? { value: 3, unit: 'minute' } : 'X';
  return (value as (...a: unknown[]) => string)(argument, 'Y', 'Z');
}

describe('the dictionaries', () => {
  it('have the same keys, also where a record of states is looked up by name', () => {
    expect(leaves(ja).map((l) => l.key)).toEqual(leaves(en).map((l) => l.key));
  });

  it('leave no text empty in either language', () => {
    for (const leaf of [...leaves(en), ...leaves(ja)]) expect(words(leaf).trim(), leaf.key).not.toBe('');
  });

  it('write Japanese in the Japanese one', () => {
    const latin = leaves(ja).filter((l) => !/[\u3040-\u30ff\u3400-\u9fff]/.test(words(l)));
    // The button that leads back to English, and the picture of digits a time is typed in.
    expect(latin.map((l) => l.key)).toEqual(['app.language', 'time.how']);
  });

  it('speak of age and deadlines in whole units', () => {
    expect(en.late({ value: 4, unit: 'minute' })).toBe('4 min overdue');
    expect(ja.late({ value: 4, unit: 'minute' })).toBe('4分超過');
    expect(en.text.portions(1)).toBe('1 portion not shown');
    expect(en.text.portions(2)).toBe('2 portions not shown');
  });
});

it('no component carries words of its own: every visible Japanese text is in the dictionary', () => {
  const root = new URL('../src/', import.meta.url);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.svelte'));
  const allowed = ['連携'];
  for (const file of files) {
    const source = readFileSync(new URL(file, root), 'utf8');
    const own = (source.match(/[\u3040-\u30ff\u3400-\u9fff]+/g) ?? []).filter((w) => !allowed.includes(w));
    expect(own, file).toEqual([]);
  }
});
