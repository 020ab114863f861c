/**
 * Who keeps office hours now.  A watch floor is manned always; who else can be reached by telephone depends on the
 * hour there.  The hours are the usual ones of an office, Monday to Friday, without holidays.
 */
import { partsIn, type Zone } from './dtg';

const BEGIN = 8 * 60;
const END = 17 * 60;

export function onDuty(zone: Zone, when: Date): boolean {
  const p = partsIn(zone.iana, when);
  const day = new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay();
  const minute = p.hour * 60 + p.minute;
  return day >= 1 && day <= 5 && minute >= BEGIN && minute < END;
}
