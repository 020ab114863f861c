import { describe, expect, it } from 'vitest';

import type { Label, LabelCheck, Policy } from '../src/api/types';
import { contrast, inkOn } from '../src/lib/colour';
import { highestOf, holds, labelKey, parted, shownRank, suggestionFor, toggled } from '../src/lib/labels';

const P = 'urn:policy:own';
const policy: Policy = {
  policy: P,
  classifications: [
    { name: 'OPEN', rank: 0, marking: { en: 'OPEN', ja: '公開' }, colour: '#208040' },
    { name: 'SECRET', rank: 3, marking: { en: 'SECRET', ja: '秘' }, colour: '#b02020' },
    { name: 'RESTRICTED', rank: 1, marking: { en: 'RESTRICTED', ja: '注意' }, colour: '#2060b0' },
  ],
  tags: [
    { tag: 'Releasable to', name: { en: 'Releasable to', ja: '開示先' }, type: 'permissive', values: [] },
    { tag: 'Codeword', name: { en: 'Codeword', ja: '符号語' }, type: 'restrictive', values: [] },
  ],
  suggestions: [],
};
const label = (classification: string, rel?: string[], code?: string[]): Label => ({
  policy: P,
  classification,
  categories: [
    ...(rel ? [{ tag: 'Releasable to', type: 'permissive' as const, values: rel }] : []),
    ...(code ? [{ tag: 'Codeword', type: 'restrictive' as const, values: code }] : []),
  ],
});

const shown = (l: Label): { label: Label; rank: number } => ({ label: l, rank: shownRank(l, '', policy) });

describe('the labels on screen, taken together', () => {
  it('show the highest by rank, not by order or name, until the node has said more', () => {
    const all = [label('OPEN'), label('SECRET'), label('RESTRICTED')].map(shown);
    expect(highestOf(all)?.label.classification).toBe('SECRET');
    expect(highestOf([])).toBeNull();
  });

  it('rank a foreign label by the nearest colour, and one without a readable colour above all', () => {
    const foreign: Label = { policy: 'urn:other', classification: 'SECRET' };
    expect(shownRank(foreign, '#2565B5', policy)).toBe(1);
    expect(shownRank(foreign, '#c01010', policy)).toBe(3);
    expect(shownRank(foreign, 'chartreuse', policy)).toBeGreaterThan(3);
    expect(shownRank(label('OPEN'), '#b02020', policy)).toBe(0);
  });
});

describe('choosing a label', () => {
  it('is the same label in whatever order values were chosen', () => {
    const one = toggled(toggled(label('OPEN'), 'Releasable to', 'permissive', 'USA'), 'Releasable to', 'permissive', 'JPN');
    expect(labelKey(one)).toBe(labelKey(label('OPEN', ['JPN', 'USA'])));
  });

  it('leaves no empty tag behind when the last value goes', () => {
    const none = toggled(label('OPEN', ['USA']), 'Releasable to', 'permissive', 'USA');
    expect(none.categories).toEqual([]);
    expect(holds(none, 'Releasable to', 'USA')).toBe(false);
  });

  it('says who gets it and who does not, with the reason', () => {
    const marking = { en: '', ja: '', colour: '', portion: '' };
    const audience = [
      { hq: 'us.usfj', outcome: 'withheld' as const, reason: 'not releasable to USA' },
      { hq: 'ph.afp', outcome: 'released' as const, reason: '' },
    ];
    expect(parted({ marking, audience, readable: true })).toEqual({
      released: ['ph.afp'],
      withheld: [{ hq: 'us.usfj', reason: 'not releasable to USA' }],
    });
  });
});

it('a form meant for a partner begins with a label that gets there and names who may have it', () => {
  const labels = [label('RESTRICTED', ['JPN']), label('OPEN'), label('OPEN', ['JPN', 'USA'])];
  const marking = { en: '', ja: '', colour: '', portion: '' };
  const check = (yes: boolean): LabelCheck => ({
    marking,
    audience: [{ hq: 'us.usfj', outcome: yes ? 'released' : 'withheld', reason: '' }],
    readable: true,
  });
  expect(suggestionFor('us.usfj', labels, [check(false), check(true), check(true)])).toBe(labels[2]);
  expect(suggestionFor('us.usfj', labels, [check(false), check(true), null])).toBe(labels[1]);
  expect(suggestionFor('us.usfj', labels, [check(false), check(false), check(false)])).toBeNull();
});

it('ink on any policy colour can be read: at least 4.5 to 1 (WCAG 2.2, 1.4.3)', () => {
  for (let hue = 0; hue <= 0xfff; hue++) {
    const paper = '#' + hue.toString(16).padStart(3, '0');
    expect(contrast(paper, inkOn(paper)), paper).toBeGreaterThanOrEqual(4.5);
  }
  expect(contrast('#2e8b57', inkOn('#2e8b57'))).toBeGreaterThanOrEqual(4.5);
});
