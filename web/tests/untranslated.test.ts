import { readdirSync, readFileSync } from 'node:fs';

import { parse } from 'svelte/compiler';
import { expect, it } from 'vitest';

/** What is the same in both languages: the product's name, codes of nations, names of keys. */
const SAME = ['Renkei', '連携', 'JP', 'US', 'Esc'];
/** Attributes that a person reads or hears. */
const READ = ['title', 'aria-label', 'placeholder', 'alt', 'label'];
type Node = { type: string; [name: string]: unknown };

function* nodes(tree: unknown): Generator<Node> {
  if (Array.isArray(tree)) for (const one of tree) yield* nodes(one);
  else if (typeof tree === 'object' && tree !== null) {
    if ('type' in tree) yield tree as Node;
    for (const [name, value] of Object.entries(tree)) if (name !== 'parent' && name !== 'metadata') yield* nodes(value);
  }
}

const words = (text: string): boolean => /[A-Za-z]{2,}|[\u3040-\u30ff\u3400-\u9fff]/.test(SAME.reduce((left, w) => left.replaceAll(w, ''), text));

/** Words that stand in the markup itself instead of the dictionaries; a key in `kbd` is a key in any language. */
export function own(source: string): string[] {
  const fragment = parse(source, { modern: true }).fragment as unknown as Node;
  const inKeys = new Set<unknown>();
  const found: string[] = [];
  for (const node of nodes(fragment)) {
    if (node.type === 'RegularElement' && node.name === 'kbd') for (const inner of nodes(node.fragment)) inKeys.add(inner);
    if (node.type === 'Attribute' && READ.includes(String(node.name))) {
      for (const part of nodes(node.value)) if (part.type === 'Text' && words(String(part.data))) found.push(`${String(node.name)}="${String(part.data)}"`);
    }
  }
  const attributes = new Set([...nodes(fragment)].filter((n) => ['Attribute', 'StyleDirective'].includes(n.type)).flatMap((n) => [...nodes(n.value)]));
  for (const node of nodes(fragment)) {
    if (node.type === 'Text' && !attributes.has(node) && !inKeys.has(node) && words(String(node.data))) found.push(String(node.data).trim());
  }
  return found;
}

it('sees words in markup and in what is read aloud, and no others', () => {
  expect(own('<p title="Hello">World <kbd>Esc</kbd>{t.more}<b class="name">→</b></p>')).toEqual(['title="Hello"', 'World']);
});

const root = new URL('../src/', import.meta.url);
it.each(readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.svelte')))('%s says nothing of its own: everything is in both dictionaries', (file) => {
  expect(own(readFileSync(new URL(file, root), 'utf8'))).toEqual([]);
});
