import { expect, test } from 'vitest';

import type { Difference, Fact } from '../src/api/types';
import { busiest, CHART, chartOf, hierarchiesOf } from '../src/rooms/planning/chart';
import { keyOf, marksOf, namesIn, said, sidesOf, titleOf, titlesOf, treeOf } from '../src/rooms/planning/work';

const unit = (code: string): Fact => ({ kind: 'unit', code, names: { en: code } });
const under = (relation: string, subject: string, object: string): Fact => ({ kind: 'relation', key: `${subject} ${object}`, relation, subject, object });

test('units stand under their parents, by command before anything else, each once', () => {
  const facts = [unit('A'), unit('B'), unit('C'), under('coordination', 'C', 'A'), under('command', 'C', 'B'), under('command', 'B', 'A'), under('command', 'X', 'A')];
  expect(treeOf(facts).map((r) => [r.code, r.depth])).toEqual([['A', 0], ['B', 1], ['C', 2]]);
});

test('a circle loses nobody and ends', () => {
  const facts = [unit('A'), unit('B'), under('command', 'A', 'B'), under('command', 'B', 'A')];
  expect(treeOf(facts).map((r) => r.code).sort()).toEqual(['A', 'B']);
});

test('a unit is marked by what happened to it, or to what belongs to it', () => {
  const lines = [
    { word: 'added', kind: 'relation', key: 'r', after: under('command', 'B', 'A') },
    { word: 'added', kind: 'unit', key: 'C', after: unit('C') },
    { word: 'moved', kind: 'relation', key: 'm', after: under('command', 'D', 'A') },
    { word: 'ended', kind: 'post', key: 'P', before: { kind: 'post', unit: 'C' } },
  ] as unknown as Difference[];
  expect([...marksOf(lines)]).toEqual([['B', 'amended'], ['C', 'added'], ['D', 'moved']]);
});

test('facts are called as a reader would, by names and not by codes', () => {
  const post: Fact = { kind: 'post', code: 'A.ops', names: { en: 'Operations', ja: '運用' } };
  const names = namesIn([{ ...unit('A'), names: { en: 'Headquarters A', ja: '甲司令部' } }], [unit('B'), post]);
  const saying = (lang: 'en' | 'ja') => ({ lang, kinds: { command: 'command' }, parts: { accountable: 'accountable' }, functions: { planning: 'Planning' } });
  const call = (fact: Fact, lang: 'en' | 'ja' = 'en'): string => titleOf(fact, names, saying(lang));
  expect(call(under('command', 'A', 'B'))).toBe('command: Headquarters A → B');
  expect(call({ kind: 'responsibility', subject: 'A.ops', function: 'planning', part: 'accountable' })).toBe('Operations: Planning (accountable)');
  expect(call({ kind: 'responsibility', subject: 'Z', function: 'own', part: 'informed' }, 'ja')).toBe('Z: own (informed)');
  expect(call({ kind: 'strength', subject: 'A', figure: 50000 }, 'ja')).toBe('甲司令部: 50000');
  expect(call(post, 'ja')).toBe('運用');
  expect(call({ kind: 'hours', key: 'day' })).toBe('');
  expect([...titlesOf([post, { kind: 'hours', key: 'day' }], names, saying('en'))]).toEqual([['A.ops', 'Operations']]);
});

test('a phase without a day is asked for by its name', () => {
  expect([keyOf({ day: '2027-01-01' }), keyOf({ day: '2027-01-01', step: 1, phase: '2a' })]).toEqual(['2027-01-01', '2a']);
});

test('values are said in one line, nothing as a dash', () => {
  expect([said(null), said(['a', 'b']), said({ en: 'x', ja: 'ｘ' }), said(0)]).toEqual(['—', 'a, b', 'x / ｘ', '0']);
});


test('a hierarchy of one kind has whoever is in it, and what changed besides', () => {
  const facts = [unit('A'), unit('B'), unit('C'), unit('D'), under('command', 'B', 'A'), under('opcon', 'C', 'A')];
  expect(treeOf(facts, 'opcon', new Map([['D', 'added']])).map((r) => [r.code, r.depth])).toEqual([['A', 0], ['C', 1], ['D', 0]]);
  expect(hierarchiesOf(facts, [under('liaison', 'X', 'Y')])).toEqual(['command', 'opcon', 'liaison']);
});

const moved = [{ word: 'moved', kind: 'relation', key: 'C B', before: under('opcon', 'C', 'A'), after: under('opcon', 'C', 'B') }] as unknown as Difference[];
const three = [unit('A'), unit('B'), unit('C'), unit('D'), under('command', 'B', 'A'), under('command', 'D', 'A')];

test('what is asked for first is the hierarchy in which most differs', () => {
  expect([busiest(moved, ['command', 'opcon']), busiest([], ['command'])]).toEqual(['opcon', '']);
});

test('a move is marked on both sides, on the line that goes and on the one that comes', () => {
  const wanted = { kind: 'opcon', changes: false };
  const marks = new Map([['C', 'moved']]);
  const [before, after] = (['before', 'after'] as const).map((side, n) => chartOf([...three, under('opcon', 'C', n ? 'B' : 'A')], moved, side, marks, wanted));
  expect(before?.lines.map((l) => [l.key, l.word])).toEqual([['C A 0', 'moved']]);
  expect(after?.lines.map((l) => [l.key, l.word])).toEqual([['C B 0', 'moved']]);
  expect(after?.boxes.map((b) => [b.code, b.mark])).toEqual([['B', ''], ['C', 'moved']]);
});

test('only what changes is drawn with who is above it, and everybody where nothing does', () => {
  const codes = (lines: Difference[], marks: [string, string][]): string[] => chartOf(three, lines, 'after', new Map(marks), { kind: '', changes: true }).boxes.map((b) => b.code);
  expect(codes([], [['D', 'amended']])).toEqual(['A', 'D']);
  expect(codes([], [])).toEqual(['A', 'B', 'D']);
});

test('no two boxes of a chart share a place, and a circle ends', () => {
  const facts = [...three, under('command', 'A', 'B'), under('counterpart', 'D', 'B')];
  const { boxes, lines, width, height } = chartOf(facts, [], 'after', new Map(), { kind: '', changes: false });
  expect(new Set(boxes.map((b) => `${b.x} ${b.y}`)).size).toBe(boxes.length);
  expect(boxes.every((b) => b.x + CHART.width <= width && b.y + CHART.height <= height)).toBe(true);
  expect(lines.map((l) => l.kind).sort()).toEqual(['command', 'command', 'command', 'counterpart']);
});

test('sides are typed as pairs', () => {
  expect(sidesOf('Blue = US, Red=-、x')).toEqual({ Blue: 'US', Red: '-' });
});
