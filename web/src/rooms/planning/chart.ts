/** One hierarchy of a structure as a chart, from left to right, with what changed marked.  Pure. */
import type { Difference, Fact } from '../../api/types';
import { PARENTS } from './work';

export const CHART = { width: 176, height: 40, across: 40, down: 10 };

export type ChartBox = { code: string; names: { en?: string; ja?: string }; x: number; y: number; mark: string };
/** `word` is what happened to the relation, "" if nothing did; `x` and `y` are where its sign stands. */
export type ChartLine = { key: string; kind: string; d: string; word: string; x: number; y: number };
export type Chart = { boxes: ChartBox[]; lines: ChartLine[]; width: number; height: number };

/** What is drawn: the kinds of superior ("" for every kind), and whether only what changes and what is above it. */
export type Wanted = { kind: string; changes: boolean };

/** The kinds of superior that there are on either side, in the order in which superiors go. */
export function hierarchiesOf(...sides: (readonly Fact[])[]): string[] {
  const there = new Set(sides.flat().filter((f) => f.kind === 'relation').map((f) => f.relation));
  return PARENTS.filter((kind) => there.has(kind));
}

/** The hierarchy in which most lines differ; "" (every kind) where none does. */
export function busiest(lines: readonly Difference[], kinds: readonly string[]): string {
  const count = (kind: string): number => lines.filter((l) => l.kind === 'relation' && (l.after ?? l.before)?.relation === kind).length;
  const [first] = [...kinds].sort((a, b) => count(b) - count(a));
  return first !== undefined && count(first) ? first : '';
}

/** What happened to each relation of one side, by its key there. */
function wordsOf(lines: readonly Difference[], side: 'before' | 'after'): Map<string, string> {
  const told = lines.filter((line) => line.kind === 'relation' && line[side]);
  return new Map(told.map((line) => [line[side]?.key ?? line.key, line.word]));
}

/** The chart of one side; `marks` say what happened to units. */
export function chartOf(facts: readonly Fact[], lines: readonly Difference[], side: 'before' | 'after', marks: ReadonlyMap<string, string>, wanted: Wanted): Chart {
  const units = new Map(facts.filter((f) => f.kind === 'unit').map((f) => [f.code ?? '', f]));
  const words = wordsOf(lines, side);
  const kinds = wanted.kind ? [wanted.kind] : PARENTS;
  const both = facts.filter((f) => f.kind === 'relation' && units.has(f.subject ?? '') && units.has(f.object ?? '') && f.subject !== f.object);
  const above = both.filter((f) => kinds.includes(f.relation ?? '')).sort((a, b) => kinds.indexOf(a.relation ?? '') - kinds.indexOf(b.relation ?? ''));
  const beside = both.filter((f) => f.relation === 'counterpart' && (!wanted.changes || words.has(f.key ?? '')));
  const shown = placed(above, units, wanted.changes ? touched(above, beside, words, marks, units) : null);
  const boxes = shown.map(({ code, x, y }) => ({ code, names: units.get(code)?.names ?? {}, x, y, mark: marks.get(code) ?? '' }));
  const at = new Map(boxes.map((box) => [box.code, box]));
  const drawn = [...above, ...beside].flatMap((fact, n) => {
    const [from, to] = [at.get(fact.object ?? ''), at.get(fact.subject ?? '')];
    const word = words.get(fact.key ?? '') ?? '';
    return from && to ? [{ key: `${fact.key ?? ''} ${n}`, kind: fact.relation ?? '', word, ...way(from, to, fact.relation === 'counterpart') }] : [];
  });
  const right = Math.max(0, ...boxes.map((b) => b.x)) + CHART.width;
  return {
    boxes,
    lines: drawn,
    width: right + (drawn.some((l) => l.kind === 'counterpart') ? CHART.across : 2),
    height: Math.max(0, ...boxes.map((b) => b.y)) + CHART.height + 2,
  };
}

/** The units that something happened to, and everybody above them; all where nothing did. */
function touched(above: readonly Fact[], beside: readonly Fact[], words: ReadonlyMap<string, string>, marks: ReadonlyMap<string, string>, units: ReadonlyMap<string, Fact>): Set<string> | null {
  const found = new Set([...marks.keys()].filter((code) => units.has(code)));
  for (const { key, subject = '', object = '' } of [...above, ...beside]) if (words.has(key ?? '')) found.add(subject).add(object);
  if (!found.size) return null;
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { subject = '', object = '' } of above) if (found.has(subject)) found.add(object);
  }
  return found;
}

/** Where each unit stands: under its first superior, a row for each that has nobody below, others in the middle of theirs. */
function placed(above: readonly Fact[], units: ReadonlyMap<string, Fact>, only: ReadonlySet<string> | null): { code: string; x: number; y: number }[] {
  const inside = (code: string): boolean => !only || only.has(code);
  const parent = new Map<string, string>();
  for (const { subject = '', object = '' } of above) if (!parent.has(subject) && inside(subject) && inside(object)) parent.set(subject, object);
  const below = new Map<string, string[]>();
  for (const [code, over] of [...parent].sort(([a], [b]) => (a < b ? -1 : 1))) below.set(over, [...(below.get(over) ?? []), code]);
  const found: { code: string; x: number; y: number }[] = [];
  const met = new Set<string>();
  let rows = 0;
  const row = (): number => rows++ * (CHART.height + CHART.down) + 1;
  const walk = (code: string, depth: number): number => {
    met.add(code);
    const heights = (below.get(code) ?? []).filter((child) => !met.has(child)).map((child) => walk(child, depth + 1));
    const y = heights.length ? (Math.min(...heights) + Math.max(...heights)) / 2 : row();
    found.push({ code, x: depth * (CHART.width + CHART.across) + 1, y });
    return y;
  };
  const named = new Set([...parent.keys(), ...parent.values(), ...(only ?? [])]);
  const codes = [...units.keys()].filter((code) => named.has(code)).sort();
  for (const code of codes) if (!parent.has(code)) walk(code, 0);
  for (const code of codes) if (!met.has(code)) walk(code, 0); // units in a circle have no top
  return found.sort((a, b) => (a.code < b.code ? -1 : 1));
}

type Spot = { x: number; y: number };

/** From a superior to whoever is under it; between counterparts round the right of both. */
function way(from: Spot, to: Spot, beside: boolean): { d: string; x: number; y: number } {
  const [y1, y2] = [from.y + CHART.height / 2, to.y + CHART.height / 2];
  const [x1, x2] = [from.x + CHART.width, beside ? to.x + CHART.width : to.x];
  const bend = beside ? Math.max(x1, x2) + CHART.across / 4 : x2 > x1 ? x2 - CHART.across / 2 : x1 + CHART.across / 2;
  return { d: `M${x1} ${y1}H${bend}V${y2}H${x2}`, x: bend, y: beside ? (y1 + y2) / 2 : y2 };
}
