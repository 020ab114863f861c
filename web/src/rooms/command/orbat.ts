/**
 * The order of battle on a day, from dated relations: pure.  A unit may have several parents of different kinds;
 * it stands in the tree under the first by this order, and the others are told beside it.
 */
import type { RecordView, Relation, Unit } from '../../api/types';

export type Kept = { unit: RecordView<Unit>; children: Kept[] };
export type Row = { unit: RecordView<Unit>; depth: number; children: number; planned: boolean };
export type Move = { code: string; under: string; was: string };
export type Structure = {
  units: ReadonlyMap<string, RecordView<Unit>>;
  /** Of each unit on that day: all its relations in force, in both directions. */
  parents: ReadonlyMap<string, RecordView<Relation>[]>;
  children: ReadonlyMap<string, RecordView<Relation>[]>;
  counterparts: ReadonlyMap<string, RecordView<Relation>[]>;
};

const FIRST = ['command', 'opcon', 'tacon', 'administrative', 'support', 'coordination', 'liaison'];
const rank = (view: RecordView<Relation>): number => FIRST.indexOf(view.record.relation);

/** As `rooms/command/rules.in_force`: whether a relation held on that day, by its status and dates. */
export function inForce(relation: Pick<Relation, 'status' | 'since' | 'until'>, day: string): boolean {
  const { status = 'in force', since, until } = relation;
  if (status === 'superseded' && !until) return false;
  if (status === 'announced' && (!since || day < since)) return false;
  return (!since || since <= day) && (!until || day < until);
}

export function structureOn(units: readonly RecordView<Unit>[], relations: readonly RecordView<Relation>[], day: string): Structure {
  const holding = relations.filter((r) => inForce(r.record, day));
  const ranked = [...holding].sort((a, b) => rank(a) - rank(b));
  const command = ranked.filter((r) => r.record.relation !== 'counterpart');
  const pairs = holding.filter((r) => r.record.relation === 'counterpart');
  return {
    // What is announced stands in the tree and says so; what has ended by that day does not.
    units: new Map(units.filter((u) => !u.record.until || day < u.record.until).map((u) => [u.record.code, u])),
    parents: grouped(command, (r) => [r.record.subject_code]),
    children: grouped(command, (r) => [r.record.object_code]),
    counterparts: grouped(pairs, (r) => [r.record.subject_code, r.record.object_code]),
  };
}

function grouped<R>(all: readonly R[], keys: (one: R) => string[]): Map<string, R[]> {
  const found = new Map<string, R[]>();
  for (const one of all) for (const key of keys(one)) found.set(key, [...(found.get(key) ?? []), one]);
  return found;
}

/** The parent a unit stands under, with the draft plan's moves made. */
export function parentOf(structure: Structure, code: string, plan: readonly Move[] = []): string {
  return plan.find((m) => m.code === code)?.under ?? structure.parents.get(code)?.[0]?.record.object_code ?? '';
}

/** The nation's units as an indented list; a parent of another nation does not hide its unit, nor does a circle. */
export function rowsOf(structure: Structure, nation: string, plan: readonly Move[] = [], closed: ReadonlySet<string> = new Set()): Row[] {
  // Ids are in the order of writing, which is that of the reference table: higher headquarters first.
  const own = [...structure.units.values()].filter((u) => u.record.nation === nation).sort((a, b) => (a.record.id < b.record.id ? -1 : 1));
  const codes = new Set(own.map((u) => u.record.code));
  const under = grouped(own, (u) => [parentOf(structure, u.record.code, plan)].filter((p) => codes.has(p)));
  const roots = own.filter((u) => !codes.has(parentOf(structure, u.record.code, plan)));
  const rows: Row[] = [];
  const met = new Set<string>();
  const add = (unit: RecordView<Unit>, depth: number, shown: boolean): void => {
    const { code } = unit.record;
    if (met.has(code)) return;
    met.add(code);
    const below = under.get(code) ?? [];
    if (shown) rows.push({ unit, depth, children: below.length, planned: plan.some((m) => m.code === code) });
    for (const child of below) add(child, depth + 1, shown && !closed.has(code));
  };
  for (const root of roots) add(root, 0, true);
  for (const unit of own) add(unit, 0, true);
  return rows;
}

/** Whether `code` may be planned under `under`: not under itself or what is under it. */
export function mayMove(structure: Structure, code: string, under: string, plan: readonly Move[]): boolean {
  const met = new Set<string>();
  for (let at = under; at && !met.has(at); at = parentOf(structure, at, plan)) {
    if (at === code) return false;
    met.add(at);
  }
  return code !== under && structure.units.has(under) && parentOf(structure, code, plan) !== under;
}

/** Counterparts of which both ends are on screen, as places in the two lists. */
export function pairsOf(structure: Structure, left: readonly Row[], right: readonly Row[]): { l: number; r: number; codes: [string, string]; basis: string }[] {
  const places = new Map(right.map((row, i) => [row.unit.record.code, i]));
  return left.flatMap((row, l) =>
    (structure.counterparts.get(row.unit.record.code) ?? []).flatMap(({ record }) => {
      const code = row.unit.record.code;
      const other = record.subject_code === code ? record.object_code : record.subject_code;
      const r = places.get(other);
      return r === undefined ? [] : [{ l, r, codes: [code, other] as [string, string], basis: record.basis ?? 'documented' }];
    }),
  ).filter((pair, i, all) => all.findIndex((p) => p.l === pair.l && p.r === pair.r) === i);
}

/** Days on which something begins or ends, and today: where the slider stops. */
export function turningDays(relations: readonly RecordView<Relation>[], today: string): string[] {
  const dates = relations.flatMap((r) => [r.record.since, r.record.until]).filter((d): d is string => !!d);
  return [...new Set([...dates, today])].sort();
}
