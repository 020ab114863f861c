/**
 * Symbol identification codes (MIL-STD-2525D and APP-6D, twenty digits): version, context and identity, symbol set,
 * status, headquarters or task force, echelon, entity, two modifiers.  Both services of an operation are friends;
 * who is whose is written beside the symbol.  Only what the records say is drawn: no echelon or arm is guessed.  Pure.
 */
import type { Hazard, Site, Unit } from '../../../api/types';

const FRIEND = '3';
const UNKNOWN = '1';
const HEADQUARTERS = '2';
const SETS = { air: '01', unit: '10', installation: '20', sea: '30', activity: '40' } as const;

function code(set: keyof typeof SETS, entity: string, identity = FRIEND, staff = '0'): string {
  return `100${identity}${SETS[set]}0${staff}00${entity}0000`;
}

/** By the first word of the site's type that has a symbol of its own. */
const INSTALLATION: readonly [RegExp, string][] = [
  [/airfield/, '120803'],
  [/naval|port\b/, '121310'],
  [/heliport/, '121305'],
  [/industry|maintenance/, '121306'],
  [/civil/, '110900'],
];
const BASE = '120802';
const COMMAND_AND_CONTROL = '110000';
const MILITARY = '110000';

const navy = (service: string): boolean => /Navy|JMSDF|Coast Guard/.test(service);
const airForce = (service: string): boolean => /Air Force|JASDF/.test(service);

export const sidcOf = {
  site: ({ site_type }: Site): string => code('installation', INSTALLATION.find(([type]) => type.test(site_type))?.[1] ?? BASE),
  /** `node`: it runs a node, and is marked as a headquarters by its staff. */
  unit: ({ level }: Unit, node: boolean): string => code('unit', COMMAND_AND_CONTROL, FRIEND, node || /command|headquarters/.test(level) ? HEADQUARTERS : '0'),
  incident: ({ type }: Hazard): string => code('activity', type === 'tsunami' ? '170203' : '170103', UNKNOWN),
  position: (unit?: Unit): string => {
    if (navy(unit?.service ?? '')) return code('sea', MILITARY);
    return airForce(unit?.service ?? '') ? code('air', MILITARY) : code('unit', '000000');
  },
  /** Merchant traffic of a feed. */
  merchant: code('sea', '140100', '4'),
};
