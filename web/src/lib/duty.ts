/**
 * Who is on duty.  Recorded duty hours come from the node; `onDuty` is for places of which none are recorded.
 *
 * Who keeps office hours now.  A watch floor is manned always; who else can be reached by telephone depends on the
 * hour there.  The hours are the usual ones of an office, Monday to Friday, without holidays.
 */
import type { DutyPost } from '../api/types';
import { offsetHours, partsIn, zoneLetter, type Zone } from './dtg';

const BEGIN = 8 * 60;
const END = 17 * 60;

/**
 * Of the posts whose recorded hours go by this place's clock, who is on duty; null if nothing is recorded.  A post
 * with no zone of its own is taken to be wherever the clock shows its hours' offset.
 */
export function dutyIn(zone: Zone, posts: readonly DutyPost[], when: Date): { on: DutyPost[]; of: number } | null {
  const here = posts.filter((post) => post.on_duty !== null && offsetThen(post.zone, when, post.utc_offset) === offsetHours(zone.iana, when));
  return here.length ? { on: here.filter((post) => post.on_duty), of: here.length } : null;
}

export function onDuty(zone: Zone, when: Date): boolean {
  const p = partsIn(zone.iana, when);
  const day = new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay();
  const minute = p.hour * 60 + p.minute;
  return day >= 1 && day <= 5 && minute >= BEGIN && minute < END;
}

/** Hours east of UTC of Tokyo and Hawaii, neither of which has summer time: where both headquarters read the clock. */
const BOTH = [9, -10];

/** Hours east of UTC at a moment: by the zone's clock if hours go by one that this browser knows, else as told. */
export function offsetThen(zone: string | undefined, when: Date, told: number | null): number | null {
  if (!zone) return told;
  try {
    return offsetHours(zone, when);
  } catch {
    return told;
  }
}

/** A time as it reads at the post, in Tokyo and in Hawaii: `17:00I · 22:00W`. */
export function dutyTimes(when: Date, offset: number | null): string {
  const zones = [...new Set([...(offset === null ? [] : [offset]), ...BOTH])];
  return zones.map((hours) => new Date(when.getTime() + hours * 3_600_000).toISOString().slice(11, 16) + letter(hours)).join(' · ');
}

const letter = (hours: number): string => (Number.isInteger(hours) ? zoneLetter(hours) : ` UTC${hours > 0 ? '+' : ''}${hours}`);
