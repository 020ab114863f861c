/** What the plots are drawn by: scales, ticks, lines.  Pure; units are pixels and minutes. */
import type { PathDifference, PathStand } from '../../../api/types';

export type Scale = (value: number) => number;

export const scale = (from: [number, number], to: [number, number]): Scale => {
  const span = from[1] - from[0] || 1;
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
};

/** Round steps, in minutes, that a person reads a clock by. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7200, 14_400, 43_200, 144_000, 525_600];

/** Round values within the range, at most `most` of them. */
export function ticks(low: number, high: number, most: number): number[] {
  const step = STEPS.find((s) => (high - low) / s <= most - 1) ?? (high - low) / most;
  const found: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high + 1e-9; n += 1) found.push(n * step || 0);
  return found;
}

/** The empirical distribution through its quantiles: share against minutes, from the left edge. */
export function ecdf(values: readonly number[], shares: readonly number[], x: Scale, y: Scale): string {
  const points = values.map((v, n) => `${x(v).toFixed(1)} ${y(shares[n] ?? 0).toFixed(1)}`);
  return points.length ? `M${points.join('L')}` : '';
}

/** The range of some values with zero in it, a little wider than they are. */
export function around(differences: readonly PathDifference[]): [number, number] {
  const all = differences.flatMap((d) => [d.low, d.high, ...d.each]);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const margin = (high - low || 1) * 0.05;
  return [low - margin, high + margin];
}

/** The value at a share, among quantiles told at `shares`. */
export function quantile(values: readonly number[], shares: readonly number[], share: number): number {
  const at = shares.findIndex((s) => s >= share - 1e-9);
  return values[at === -1 ? values.length - 1 : at] ?? 0;
}

/** The sweep's points that can be kept up, and the first load that cannot. */
export function swept(stand: PathStand): { points: { load: number; minutes: number; low: number; high: number }[]; broken: number | null } {
  const points = stand.sweep.flatMap((s) => (s.minutes === null ? [] : [{ load: s.load, minutes: s.minutes, low: s.low ?? s.minutes, high: s.high ?? s.minutes }]));
  return { points, broken: stand.sweep.find((s) => s.minutes === null)?.load ?? null };
}

/** The posts of both structures with how busy each is, the busiest first; null where a structure has no such post. */
export function busy(today: PathStand, proposed: PathStand): { post: string; today: number | null; proposed: number | null }[] {
  const posts = [...new Set([...Object.keys(today.busy), ...Object.keys(proposed.busy)])];
  return posts
    .map((post) => ({ post, today: today.busy[post] ?? null, proposed: proposed.busy[post] ?? null }))
    .sort((a, b) => Math.max(b.today ?? 0, b.proposed ?? 0) - Math.max(a.today ?? 0, a.proposed ?? 0) || (a.post < b.post ? -1 : 1));
}
