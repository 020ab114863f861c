/** The tone beside each word of the coordination room.  The word always stands with it. */
import type { Outcome, Priority, Severity } from '../../api/types';
import type { Tone } from '../../ui/Chip.svelte';

const STATE: Record<string, Tone> = {
  unsent: 'warn',
  acknowledged: 'accent',
  accepted: 'good',
  'partly accepted': 'good',
  'under way': 'accent',
  done: 'good',
  declined: 'bad',
};
export const stateTone = (state: string): Tone => STATE[state] ?? 'plain';

const PRECEDENCE: Record<Priority, Tone> = { routine: 'plain', priority: 'accent', immediate: 'warn', flash: 'bad' };
export const priorityTone = (priority: Priority | undefined): Tone => PRECEDENCE[priority ?? 'routine'];

const SEVERITY: Record<Severity | 'unknown', Tone> = { unknown: 'plain', minor: 'plain', moderate: 'accent', severe: 'warn', extreme: 'bad' };
export const severityTone = (severity: Severity | 'unknown' | undefined): Tone => SEVERITY[severity ?? 'unknown'];

const OUTCOME: Record<Outcome, Tone> = { full: 'good', partial: 'accent', declined: 'bad' };
export const outcomeTone = (outcome: Outcome): Tone => OUTCOME[outcome];
