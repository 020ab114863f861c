/** Long texts in steps, never cut inside a character as people see it. */

/** What fits a phone's screen; a record's text may hold a million. */
const STEP_CHARACTERS = 1500;
const STEP_LINES = 30;
/** A joined emoji is at most some ten code units; looking this far back finds where one begins. */
const LOOK_BACK = 40;

export type Clamped = { shown: string; left: number };

export function clamped(text: string, steps = 1): Clamped {
  const lines = lineEnd(text, STEP_LINES * steps);
  const wanted = Math.min(lines, STEP_CHARACTERS * steps);
  // A little more than fits is shown whole rather than behind a button for a few words.
  if (wanted >= text.length || (lines === text.length && text.length - wanted < STEP_CHARACTERS / 10)) return { shown: text, left: 0 };
  const end = boundary(text, wanted);
  return { shown: text.slice(0, end), left: text.length - end };
}

function lineEnd(text: string, lines: number): number {
  let at = -1;
  for (let n = 0; n < lines; n++) {
    at = text.indexOf('\n', at + 1);
    if (at < 0) return text.length;
  }
  return at;
}

function boundary(text: string, at: number): number {
  const from = Math.max(0, at - LOOK_BACK);
  const graphemes = [...new Intl.Segmenter().segment(text.slice(from, at + LOOK_BACK))];
  const last = graphemes.findLast((g) => from + g.index <= at);
  return last && from + last.index > 0 ? from + last.index : at;
}
