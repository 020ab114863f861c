import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { cell, csv } from '../src/export/csv';
import { collection } from '../src/export/geojson';
import { termsIn } from '../src/glossary/find';
import { SOURCES, TRADES } from '../src/glossary/sources';
import { TERMS } from '../src/glossary/terms';
import { clamped } from '../src/lib/clamp';
import { oneLine } from '../src/lib/text';
import { differences, merged } from '../src/offline/conflict';

const label = { policy: 'p', classification: 'OPEN', categories: [] };
const marking = { en: 'OPEN', ja: '公開', colour: '#0a0', portion: '(O)' };
const record = (fields: object) => ({ kind: 'x', id: 'jp.jjoc/1', version: 2, label, at: '', by: 'post', realm: 'live', ...fields });

describe('lists as CSV', () => {
  it.each(['=1+1', '+1', '-1', '@cmd', '＝1', '\t=1', '\u202e=1', '|calc', '%0a'])('never begin a formula: %j', (text) => {
    expect(cell(text)).toMatch(/^"?'/);
  });

  it('keep quotes, commas, lines, emoji and half-width kana', () => {
    expect(cell('a "b", c\nd')).toBe('"a ""b"", c\nd"');
    expect(cell('ｶﾃﾞﾅ 🚁')).toBe('ｶﾃﾞﾅ 🚁');
  });

  it('are marked at head and foot', () => {
    const lines = csv('OPEN · 公開', ['A', 'B'], [[1, null]]).split('\r\n');
    expect(lines).toEqual(['\ufeffOPEN · 公開', 'A,B', '1,', 'OPEN · 公開', '']);
  });
});

it('the map as GeoJSON carries the mark of every feature and of the whole, and leaves out what has no place', () => {
  const view = (fields: object) => ({ record: record(fields), marking, source: '', at: 'now', cut: 0, freshness: { link: null } });
  const placed = view({ kind: 'site', names: { en: 'Camp', ja: '駐屯地' }, geometry: { type: 'Point', coordinates: [125, 24] } });
  const made = collection([placed, view({})] as never, { label, marking }, '2026-01-01', 'Watch');
  expect(made.features).toHaveLength(1);
  expect(made.marking).toEqual({ en: 'OPEN', ja: '公開' });
  expect(made.features[0]?.properties).toMatchObject({ title_en: 'Camp', title_ja: '駐屯地', marking: { en: 'OPEN' } });
  expect(made.features[0]?.properties).not.toHaveProperty('geometry');
});

describe('long texts', () => {
  it('are shown in steps and never cut inside a character', () => {
    const family = '👩‍👩‍👧‍👦'.repeat(400);
    const { shown, left } = clamped(family);
    expect(shown.length % '👩‍👩‍👧‍👦'.length).toBe(0);
    expect(shown.length + left).toBe(family.length);
    expect(clamped('short')).toEqual({ shown: 'short', left: 0 });
  });

  it('of a megabyte without a break cost no more than a line', () => {
    const began = performance.now();
    const { shown } = clamped('長'.repeat(1_000_000));
    expect(shown.length).toBeLessThan(2000);
    expect(oneLine('x'.repeat(1_000_000)).length).toBeLessThan(500);
    expect(performance.now() - began).toBeLessThan(200);
  });

  it('of many lines are cut at a line', () => {
    expect(clamped('a\n'.repeat(500)).shown.split('\n').length).toBeLessThan(40);
  });
});

describe('a write beside a newer version', () => {
  it('shows what differs, translations by language, and takes what was chosen', () => {
    const now = record({ title: { text: '題', lang: 'ja', translations: [{ lang: 'en', text: 'Theirs', by: 'x', reviewed: true }] } });
    const body = { field: 'title', lang: 'en', text: 'Mine', reviewed: false };
    const rows = differences('/records/jp.jjoc/1/translations', body, now as never);
    expect(rows.map((r) => [r.name, r.mine, r.theirs])).toEqual([
      ['text', 'Mine', 'Theirs'],
      ['reviewed', 'false', 'true'],
    ]);
    expect(merged(body, { text: 'Both', reviewed: 'true' })).toEqual({ field: 'title', lang: 'en', text: 'Both', reviewed: true });
  });

  it('keeps numbers numbers and texts texts', () => {
    const body = { state: 'done', quantity_done: 3, note: { text: 'a', lang: 'en' } };
    const rows = differences('/commitments/jp.jjoc/1/progress', body, record({ state: 'done', quantity_done: 5 }) as never);
    expect(rows.map((r) => r.name)).toEqual(['quantity_done', 'note']);
    expect(merged(body, { quantity_done: '5', note: 'b' })).toEqual({ state: 'done', quantity_done: 5, note: { text: 'b', lang: 'en' } });
  });
});

describe('the glossary', () => {
  it('has sixty words and more of four trades, each once, in both languages, with a source', () => {
    expect(TERMS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(TERMS.map((t) => t.id)).size).toBe(TERMS.length);
    expect(new Set(TERMS.map((t) => t.ja)).size).toBe(TERMS.length);
    for (const trade of TRADES) expect(TERMS.filter((t) => t.trade === trade).length, trade).toBeGreaterThanOrEqual(10);
    for (const term of TERMS) {
      expect(SOURCES[term.source], term.en).toBeDefined();
      for (const words of [term.en, term.note.en]) expect(words, term.en).toMatch(/[A-Za-z]/);
      for (const words of [term.ja, term.note.ja]) expect(words, term.en).toMatch(/[\u3040-\u30ff\u3400-\u9fff]/);
      expect(term.kana, term.en).toMatch(/^[\u3040-\u309fー]*$/);
    }
  });

  it('finds the longest word, whole words in English, and leaves the text as it was', () => {
    const text = 'The SITREP on the major tsunami warning; warships stay. 大津波警報と津波警報、津波警報。';
    const parts = termsIn(text);
    expect(parts.map((p) => p.text).join('')).toBe(text);
    expect(parts.filter((p) => p.term).map((p) => [p.text, p.first])).toEqual([
      ['SITREP', true],
      ['major tsunami warning', true],
      ['大津波警報', false],
      ['津波警報', true],
      ['津波警報', false],
    ]);
    expect(termsIn('constar SARs').filter((p) => p.term).map((p) => p.text)).toEqual(['SARs']);
  });
});

describe('what was typed', () => {
  const root = new URL('../src/', import.meta.url);
  const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
  const forms = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.svelte') && /<[Ff]orm\b/.test(read(f)));
  /** Forms that keep nothing, and why. */
  const exempt: Record<string, string> = {
    'ui/Form.svelte': 'the form itself',
    'node/SignIn.svelte': 'a password',
    'admin/NewPassword.svelte': 'a password',
    'rooms/release/Person.svelte': 'a question, answered at once',
    'frame/MomentEntry.svelte': 'a moment to look at: it goes into the address',
    'rooms/planning/paths/Simulate.svelte': 'what is asked stands in the address',
    'couriers/MakeFiles.svelte': 'choices for one file, made anew each time: an old beginning would repeat what went',
  };

  it('is kept as a draft by every form but those named', () => {
    const lost = forms.filter((f) => !(f in exempt) && !(read(f).includes('keepDraft(') && /<Form\b[^\n]*[ {]draft\b/.test(read(f))));
    expect(lost).toEqual([]);
    expect(Object.keys(exempt).filter((f) => !forms.includes(f))).toEqual([]);
  });

  it('never keeps a password', () => {
    for (const file of forms.filter((f) => read(f).includes('type="password"'))) {
      for (const [kept] of read(file).matchAll(/keepDraft\([\s\S]*?\);/g)) expect(kept, file).not.toMatch(/password|current|again/);
    }
  });
});
