/** A path as swim lanes: a lane for each post, a column for each step that must wait for another.  Pure. */
import type { PathDescription, PathPost, PathStep, PathView } from '../../../api/types';

export const LANE = 100;
export const COLUMN = 146;
export const BOX = { width: 122, height: 88 };

export type Lane = { post: PathPost; y: number; single: boolean };
export type Box = { step: PathStep; x: number; y: number; critical: boolean; ready: number; done: number; by: string };
export type Arrow = { key: string; d: string; critical: boolean; border: boolean };
export type Layout = { lanes: Lane[]; boxes: Box[]; arrows: Arrow[]; width: number; height: number };
export type SideName = 'today' | 'proposed';

/** The posts that one kind's requests pass, or that stand in there, by headquarters; each with its steps in columns. */
export function layout(described: PathDescription, side: SideName, view: PathView): Layout {
  const { posts, paths } = described[side];
  const steps = paths[view.kind] ?? [];
  const lanes = lanesOf(posts, steps, view);
  const rows = new Map(lanes.map((lane) => [lane.post.key, lane]));
  const columns = columnsOf(steps);
  const timed = new Map(view.timed.map((t) => [t.step, t]));
  const boxes = steps.map((step): Box => {
    const time = timed.get(step.key);
    return {
      step,
      x: (columns.get(step.key) ?? 0) * COLUMN + (COLUMN - BOX.width) / 2,
      y: (rows.get(step.post)?.y ?? 0) + (LANE - BOX.height) / 2,
      critical: time?.critical ?? false,
      ready: time?.ready ?? 0,
      done: time?.done ?? 0,
      by: time?.by ?? step.post,
    };
  });
  return {
    lanes,
    boxes,
    arrows: arrowsOf(boxes, rows),
    width: (Math.max(0, ...columns.values()) + 1) * COLUMN,
    height: lanes.length * LANE,
  };
}

function lanesOf(posts: readonly PathPost[], steps: readonly PathStep[], view: PathView): Lane[] {
  const used = new Set(steps.flatMap((s) => [s.post, ...(s.stand_in ?? [])]));
  const units = [...new Set(posts.map(unitKey))];
  return posts
    .filter((p) => used.has(p.key))
    .sort((a, b) => units.indexOf(unitKey(a)) - units.indexOf(unitKey(b)))
    .map((post, n) => ({ post, y: n * LANE, single: view.single_points.includes(post.key) }));
}

const unitKey = (post: PathPost): string => `${post.nation ?? ''} ${post.unit?.en ?? ''}`;

/** The longest way to each step; two steps of one post never share a column. */
function columnsOf(steps: readonly PathStep[]): Map<string, number> {
  const columns = new Map<string, number>();
  const taken = new Set<string>();
  for (const step of steps) {
    let column = Math.max(-1, ...(step.after ?? []).map((k) => columns.get(k) ?? -1)) + 1;
    while (taken.has(`${step.post} ${column}`)) column += 1;
    columns.set(step.key, column);
    taken.add(`${step.post} ${column}`);
  }
  return columns;
}

function arrowsOf(boxes: readonly Box[], rows: ReadonlyMap<string, Lane>): Arrow[] {
  const at = new Map(boxes.map((b) => [b.step.key, b]));
  return boxes.flatMap((to) =>
    (to.step.after ?? []).flatMap((key) => {
      const from = at.get(key);
      if (!from) return [];
      const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
      const [x2, y2] = [to.x - 3, to.y + BOX.height / 2];
      // It turns in the gap before its end, so that it crosses no box of the columns between.
      const turn = to.x - (COLUMN - BOX.width) / 2;
      const d = y1 === y2 ? `M${x1} ${y1}H${x2}` : `M${x1} ${y1}H${turn}V${y2}H${x2}`;
      const border = rows.get(from.step.post)?.post.nation !== rows.get(to.step.post)?.post.nation;
      return [{ key: `${key}>${to.step.key}`, d, critical: from.critical && to.critical && from.done + (to.step.hop ?? 0) >= to.ready - 1e-6, border }];
    }),
  );
}

/** Minutes as days, hours and minutes, the two greatest units that are there. */
export function duration(minutes: number): { days: number; hours: number; minutes: number } {
  const whole = Math.round(Math.abs(minutes));
  if (whole >= 1440) {
    const hours = Math.round(whole / 60);
    return { days: Math.floor(hours / 24), hours: hours % 24, minutes: 0 };
  }
  return { days: 0, hours: Math.floor(whole / 60), minutes: whole % 60 };
}
