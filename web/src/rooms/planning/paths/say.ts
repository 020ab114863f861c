/** How posts, steps and times are said, in the language of the screen.  Pure but for the dictionary it is given. */
import type { PathDescription, PathPost, PathStep } from '../../../api/types';
import type { Dictionary } from '../../../i18n/en';
import { duration, type SideName } from './lanes';

export type Lang = 'en' | 'ja';
type Words = Dictionary['paths'];

export function time(minutes: number, t: Words): string {
  const { days, hours, minutes: rest } = duration(minutes);
  return (minutes < 0 ? '−' : '') + t.dur(days, hours, rest);
}

/** A time on an axis: in one unit, so that it stays short. */
export function tick(minutes: number, step: number, t: Words): string {
  const [unit, size] = step >= 1440 ? [t.day, 1440] : step >= 60 ? [t.hour, 60] : [t.minute, 1];
  return `${minutes < 0 ? '−' : ''}${Math.abs(minutes) / size} ${unit}`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const postOf = (described: PathDescription, side: SideName, key: string): PathPost | undefined => described[side].posts.find((p) => p.key === key);

/** A post's name in whichever structure has it, with its headquarters. */
export function postName(described: PathDescription, key: string, lang: Lang): string {
  const post = postOf(described, 'proposed', key) ?? postOf(described, 'today', key);
  return post ? [post.unit?.[lang], post.name[lang]].filter(Boolean).join(lang === 'ja' ? '・' : ', ') : key;
}

export const stepName = (step: PathStep, lang: Lang): string => step.name?.[lang] || step.key;

export const kindName = (described: PathDescription, key: string, lang: Lang): string => described.kinds.find((k) => k.key === key)?.name[lang] ?? key;

/** Duty hours in one line: days, local times, the zone. */
export function duty(post: PathPost, t: Words): string {
  if (!post.duty || post.duty === 'always') return t.always;
  const { days, from, to, utc_offset } = post.duty;
  const zone = post.zone || `UTC${utc_offset < 0 ? '−' : '+'}${Math.abs(utc_offset)}`;
  return `${runs(days, t)} ${from}–${to} ${zone}`;
}

/** Days of the week, those that follow each other drawn together. */
function runs(days: readonly number[], t: Words): string {
  const sorted = [...new Set(days)].sort((a, b) => a - b);
  const found: number[][] = [];
  for (const day of sorted) {
    const last = found.at(-1);
    if (last && last.at(-1) === day - 1) last.push(day);
    else found.push([day]);
  }
  const name = (day: number | undefined): string => t.days[day ?? 0] ?? '';
  return found.map((run) => (run.length > 2 ? `${name(run[0])}–${name(run.at(-1))}` : run.map(name).join(' '))).join(' ');
}
