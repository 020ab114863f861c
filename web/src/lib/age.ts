/** How old or how far off something is, in the one or two units a person needs. */

export type Span = { value: number; unit: 'second' | 'minute' | 'hour' | 'day' };

export function span(ms: number): Span {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return { value: seconds, unit: 'second' };
  if (seconds < 3600) return { value: Math.floor(seconds / 60), unit: 'minute' };
  if (seconds < 48 * 3600) return { value: Math.floor(seconds / 3600), unit: 'hour' };
  return { value: Math.floor(seconds / 86_400), unit: 'day' };
}
