import { expect, test } from 'vitest';

import type { Part, PlanView } from '../src/api/types';
import { aboutOf, changesOf, choicesOf, dayOf, maySign, saysOf } from '../src/rooms/planning/plans';

const change = (key: string, phase: string, more: object): unknown => ({ nations: ['US'], change: { key, phase, change: 'end', kind: 'unit', of: key, ...more } });
const view = {
  plan: {
    record: {
      id: 'us.usfj/0',
      name: 'p',
      phases: [{ key: '1', names: {}, on: '2027-04-01' }, { key: '2', names: {} }],
      changes: [change('a', '1', {}), change('b', '2', { when: { authority: '2a' } }), { ...(change('c', '1', {}) as object), nations: ['Japan', 'US'] }],
    },
  },
} as unknown as PlanView;
const part = (phase: string, nations: string[], state = 'open'): Part => ({ phase, nations, state, signatures: [], missing: nations, effective: null, digest: '', amended: false });

test('a part holds the changes of its phase and its nations, in the order of the plan', () => {
  expect(changesOf(view, part('1', ['US'])).map((c) => c.key)).toEqual(['a']);
  expect(changesOf(view, part('1', ['Japan', 'US'])).map((c) => c.key)).toEqual(['c']);
});

test('the choices a part depends on, and the day of its phase', () => {
  expect(choicesOf(changesOf(view, part('2', ['US'])))).toEqual(['authority']);
  expect([dayOf(view, '1'), dayOf(view, '2')]).toEqual(['2027-04-01', null]);
});

test('only a nation of the part signs, and nothing in force is signed again', () => {
  expect(maySign(part('1', ['US']), ['US'])).toBe(true);
  expect(maySign(part('1', ['US']), ['Japan', 'Bilateral'])).toBe(false);
  expect(maySign(part('1', ['US'], 'in force'), ['US'])).toBe(false);
});

test('a change says what it is about and what it makes of it', () => {
  const added = { change: 'add', key: 'x', phase: '1', fact: { kind: 'post', code: 'J3', unit: 'US-USFJ', names: { en: 'Watch', ja: '当直' }, functions: ['operations'], source: 's' } };
  expect(aboutOf(added as never)).toEqual({ kind: 'post', key: 'J3' });
  expect(saysOf(added as never)).toEqual([
    ['unit', 'US-USFJ'],
    ['names', 'Watch / 当直'],
    ['functions', 'operations'],
  ]);
});
