import { describe, expect, it } from 'vitest';

import type { Hazard, RecordBase, Text } from '../src/api/types';
import { span } from '../src/lib/age';
import { hazardTitle } from '../src/lib/hazards';
import { firstOffers, toOffer } from '../src/lib/offers';
import { hrefOf, idOf, parseRoute } from '../src/lib/routes';
import { summaryOf } from '../src/lib/summary';
import { guessLang, inLanguage, missing } from '../src/lib/text';

const ja: Text = { text: '冠水', lang: 'ja', translations: [{ lang: 'en', text: 'Flooding', by: 'Liaison', reviewed: true }] };

describe('a bilingual text', () => {
  it('shows the translation in the reader’s language and says that it is one', () => {
    expect(inLanguage(ja, 'en')).toMatchObject({ text: 'Flooding', translation: { by: 'Liaison' } });
    expect(inLanguage(ja, 'ja')).toEqual({ text: '冠水', lang: 'ja', translation: null });
  });

  it('shows the original where nobody has translated, and nothing where it was cut', () => {
    expect(inLanguage({ text: '冠水', lang: 'ja' }, 'en')).toMatchObject({ text: '冠水', lang: 'ja' });
    expect(inLanguage(null, 'en')).toBeNull();
  });

  it('knows which language still has no words', () => {
    expect(missing(ja)).toEqual([]);
    expect(missing({ text: 'x', lang: 'en' })).toEqual(['ja']);
  });

  it('takes Japanese script, also half-width kana, for Japanese', () => {
    expect(guessLang('C-130が離陸', 'en')).toBe('ja');
    expect(guessLang('ｶﾃﾞﾅ', 'en')).toBe('ja');
    expect(guessLang('C-130 airborne', 'ja')).toBe('en');
    expect(guessLang('130', 'ja')).toBe('ja');
  });
});

describe('addresses', () => {
  it('lead back to the record they were made for', () => {
    const route = parseRoute(hrefOf('request', 'jp.jjoc/01KABC'));
    expect([route.parts[0], idOf(route)]).toEqual(['requests', 'jp.jjoc/01KABC']);
  });

  it('show a kind nobody knows as a plain record', () => {
    expect(hrefOf('weather-from-2031', 'jp.jjoc/1')).toBe('#/records/jp.jjoc/1');
  });

  it('survive a broken escape', () => {
    expect(parseRoute('#/search?q=%E5%86%A0%E6%B0%B4').query.get('q')).toBe('冠水');
    expect(parseRoute('#/records/a/%E5%').parts).toEqual(['records', 'a', '%E5%']);
  });
});

describe('one line for a record', () => {
  const base = { id: 'jp.jjoc/1', label: { policy: 'p', classification: 'c' }, at: '', by: '' };
  const hazard: Hazard = {
    ...base,
    kind: 'hazard',
    authority: 'JMA',
    event: '1',
    type: 'tsunami',
    severity: 'moderate',
    issued_at: '2022-09-18T06:49:00Z',
    areas: [
      { code: '320', name_ja: '伊豆諸島', name_en: 'Izu Islands', category_en: 'Forecast', severity: 'minor' },
      { code: '802', name_ja: '宮古島・八重山地方', name_en: 'Miyakojima and Yaeyama', category_ja: '津波注意報', category_en: 'Tsunami advisory', severity: 'moderate' },
    ],
  };

  it('names a hazard by its gravest area in either language', () => {
    expect(hazardTitle(hazard, 'en')).toBe('Tsunami advisory · Miyakojima and Yaeyama · 180649ZSEP22');
    expect(hazardTitle(hazard, 'ja')).toBe('津波注意報 · 宮古島・八重山地方 · 180649ZSEP22');
  });

  it('finds words in kinds this client was not written for', () => {
    expect(summaryOf({ ...base, kind: 'slot', title: ja } as RecordBase, 'en')).toBe('Flooding');
    expect(summaryOf({ ...base, kind: 'unit', names: { ja: '第1師団' } } as RecordBase, 'en')).toBe('第1師団');
    expect(summaryOf({ ...base, kind: 'unknown' }, 'en')).toBe('');
  });
});

it('offers start as what was asked and leave the form as the API has them', () => {
  const [draft] = firstOffers([{ what: 'Water', quantity: 6000, unit: 'L' }], new Date('2026-11-22T10:00:00Z'));
  expect(draft && toOffer({ ...draft, from_place: ' Kadena ', available_until: '' })).toEqual({
    what: 'Water',
    quantity: 6000,
    unit: 'L',
    from_place: 'Kadena',
    available_from: '2026-11-22T11:00:00.000Z',
    available_until: null,
  });
});

it('ages are given in the unit people would use', () => {
  const words = [0, 59_999, 60_000, 3_599_999, 3_600_000, 47 * 3_600_000, 49 * 3_600_000].map((ms) => {
    const s = span(ms);
    return `${s.value} ${s.unit}`;
  });
  expect(words).toEqual(['0 second', '59 second', '1 minute', '59 minute', '1 hour', '47 hour', '2 day']);
});
