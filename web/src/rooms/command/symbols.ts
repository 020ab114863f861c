/**
 * Symbols of units after MIL-STD-2525D / APP-6D: a friendly land unit, headquarters staff where it is one, and
 * the echelon only where the public level states it.  Nothing is read into a unit that its record does not say.
 */
import ms from 'milsymbol';

import type { Unit } from '../../api/types';

const ECHELON: Record<string, string> = {
  'combatant command': '25',
  'sub-unified command': '26',
  'joint command': '26',
  component: '26',
  'service command': '26',
  'support command': '26',
};
const HEADQUARTERS = new Set([...Object.keys(ECHELON), 'headquarters element', 'staff']);
/** Infantry, and the like, are not told by a name: a headquarters is command and control, the rest is plain. */
const COMMAND_AND_CONTROL = '110000';
const PLAIN = '000000';

const known = new Map<string, string>();

/** The symbol as an image address that the content policy allows (`data:`), about `size` pixels high. */
export function symbolOf(unit: Pick<Unit, 'level' | 'status'>, size = 15): string {
  const level = unit.level.toLowerCase();
  const status = unit.status === 'announced' ? '1' : '0';
  const headquarters = HEADQUARTERS.has(level);
  const sidc = `10031 0${status}${headquarters ? '2' : '0'}${ECHELON[level] ?? '00'}${headquarters ? COMMAND_AND_CONTROL : PLAIN}0000`.replace(' ', '');
  const key = `${sidc} ${size}`;
  let image = known.get(key);
  if (!image) known.set(key, (image = new ms.Symbol(sidc, { size, frame: true, outlineWidth: 3, outlineColor: 'rgba(255,255,255,0.35)' }).toDataURL()));
  return image;
}
