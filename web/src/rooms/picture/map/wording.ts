/** How texts stand on the overlay: broken into lines, and not on each other.  Pure. */

/** A character that a line may end after, in the way of Japanese. */
const BREAKABLE = /[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]/;

/** Lines no wider than `most` as far as words allow; Japanese is broken between any two characters. */
export function lines(text: string, most: number, width: (text: string) => number): string[] {
  const made: string[] = [];
  let line = '';
  for (const part of partsOf(text)) {
    if (line.trim() && width((line + part).trim()) > most) {
      made.push(line.trim());
      line = part;
    } else line += part;
  }
  return [...made, line.trim()].filter(Boolean);
}

/** Words with the space before them, and single characters of Japanese. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let word = '';
  for (const letter of text) {
    const alone = BREAKABLE.test(letter);
    if (alone || letter === ' ') {
      if (word) parts.push(word);
      word = alone ? '' : letter;
      if (alone) parts.push(letter);
    } else word += letter;
  }
  return word ? [...parts, word] : parts;
}

/** What is taken of the sheet, in boxes by middle and size. */
export class Taken {
  #boxes: number[] = [];

  add(x: number, y: number, width: number, height: number): void {
    this.#boxes.push(x - width / 2, y - height / 2, x + width / 2, y + height / 2);
  }

  free(x: number, y: number, width: number, height: number): boolean {
    const [all, left, top, right, bottom] = [this.#boxes, x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    for (let i = 0; i < all.length; i += 4) {
      if (left < (all[i + 2] ?? 0) && right > (all[i] ?? 0) && top < (all[i + 3] ?? 0) && bottom > (all[i + 1] ?? 0)) return false;
    }
    return true;
  }
}
