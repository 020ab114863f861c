/** What came of it, in sentences.  Pure. */
import type { PathDifference, PathStand } from '../../../api/types';
import type { Dictionary } from '../../../i18n/en';
import { time } from './say';

type Words = Dictionary['paths'];

export function verdict(d: PathDifference, kind: string, share: string, t: Words): string {
  const [low, high] = [time(d.low, t), time(d.high, t)];
  if (d.winner === 'none') return t.noWinner(kind, low, high, share);
  return t.sooner(kind, t.sides[d.winner], time(Math.abs(d.mean), t), low, high, share);
}

/** The knee with how far the seeds disagree about it. */
export function kneeSaid(stand: PathStand, side: string, t: Words): string {
  if (stand.knee === null) return t.noKnee(side);
  const known = stand.knees.filter((k): k is number => k !== null);
  return t.kneeSaid(side, String(stand.knee), String(Math.min(...known)), String(Math.max(...known)));
}
