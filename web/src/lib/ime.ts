/** Keys that a person typed, as against keys an input method used to compose Japanese. */

/** True while an input method composes: Enter then chooses a word and must not submit. */
export function composing(event: KeyboardEvent): boolean {
  // Safari reports the closing Enter after composition ended; 229 is its mark (UI Events, 7.3).
  return event.isComposing || event.keyCode === 229;
}

/** Whether a plain letter key belongs to a field rather than to the frame. */
export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit'].includes(target.type);
}
