import { describe, expect, it } from 'vitest';

import { inForce, mayMove, pairsOf, parentOf, rowsOf, structureOn, turningDays } from '../src/rooms/command/orbat';

const unit = (code: string, nation = 'US') => ({ record: { kind: 'unit', id: code, code, nation, names: { en: code } } }) as never;
const relation = (subject_code: string, object_code: string, more: object = {}) =>
  ({ record: { kind: 'relation', relation: 'command', subject_code, object_code, ...more } }) as never;

const units = [unit('US-A'), unit('US-B'), unit('US-C'), unit('JP-A', 'Japan'), unit('JP-B', 'Japan')];
const relations = [
  relation('US-B', 'US-A', { until: '2026-06-01' }),
  relation('US-B', 'US-C', { since: '2026-06-01', status: 'announced' }),
  relation('US-C', 'US-A'),
  relation('JP-B', 'JP-A'),
  relation('US-B', 'JP-B', { relation: 'counterpart', basis: 'customary' }),
  relation('JP-B', 'US-B', { relation: 'counterpart' }),
];
const codes = (day: string, plan: never[] = []) => rowsOf(structureOn(units, relations, day), 'US', plan).map((r) => `${r.depth} ${r.unit.record.code}`);

describe('the order of battle on a day', () => {
  it('follows dated facts', () => {
    expect(codes('2026-05-31')).toEqual(['0 US-A', '1 US-B', '1 US-C']);
    expect(codes('2026-06-01')).toEqual(['0 US-A', '1 US-C', '2 US-B']);
    expect(inForce({ status: 'announced' }, '2030-01-01')).toBe(false);
    expect(inForce({ status: 'superseded' }, '2030-01-01')).toBe(false);
    expect(turningDays(relations, '2026-01-01')).toEqual(['2026-01-01', '2026-06-01']);
  });

  it('leaves out a unit from its last day on, and keeps one that is announced', () => {
    const dated = [unit('US-A'), { record: { ...(unit('US-B') as { record: object }).record, until: '2026-06-01' } }, { record: { ...(unit('US-C') as { record: object }).record, status: 'announced', since: '2027-01-01' } }];
    const on = (day: string) => [...structureOn(dated as never, [], day).units.keys()];
    expect(on('2026-05-31')).toEqual(['US-A', 'US-B', 'US-C']);
    expect(on('2026-06-01')).toEqual(['US-A', 'US-C']);
  });

  it('joins counterparts once, whoever says so', () => {
    const structure = structureOn(units, relations, '2026-01-01');
    const pairs = pairsOf(structure, rowsOf(structure, 'US'), rowsOf(structure, 'Japan'));
    expect(pairs.map((p) => p.codes)).toEqual([['US-B', 'JP-B']]);
  });

  it('shows every unit once even where the plan or the facts go round in a circle', () => {
    const round = structureOn(units, [relation('US-A', 'US-B'), relation('US-B', 'US-A')] as never, '2026-01-01');
    expect(rowsOf(round, 'US').map((r) => r.unit.record.code).sort()).toEqual(['US-A', 'US-B', 'US-C']);
  });
});

it('a draft plan moves a unit on screen only, and never under itself', () => {
  const structure = structureOn(units, relations, '2026-01-01');
  const plan = [{ code: 'US-B', under: 'US-C', was: 'US-A' }];
  expect(codes('2026-01-01', plan as never)).toEqual(['0 US-A', '1 US-C', '2 US-B']);
  expect(parentOf(structure, 'US-B')).toBe('US-A');
  expect(mayMove(structure, 'US-A', 'US-B', [])).toBe(false);
  expect(mayMove(structure, 'US-B', 'US-B', [])).toBe(false);
  expect(mayMove(structure, 'US-B', 'US-A', [])).toBe(false);
  expect(mayMove(structure, 'US-B', 'US-C', [])).toBe(true);
});
