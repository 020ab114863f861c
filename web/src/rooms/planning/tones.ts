/** How outcomes and differences look beside their words: a shape for each, a colour only besides. */
import type { Tone } from '../../ui/Chip.svelte';

export const OUTCOME_TONE: Record<string, Tone> = { proved: 'good', refuted: 'bad', unknown: 'warn' };
export const OUTCOME_SHAPE: Record<string, string> = { proved: '✓', refuted: '✕', unknown: '?' };
export const WORD_CLASS: Record<string, string> = { added: 'good', ended: 'bad' };
