/**
 * Texts and the discs of clusters as stamps, each made once.  Runs in the overlay's worker, which knows none of the page's
 * fonts: it is told where the page has them from, and loads the parts that its texts need.
 */
import type { Stamp } from './stamps';
import { stampOf } from './stamps';
import { lines } from './wording';

/** One `@font-face` of the page. */
export type FontRule = { family: string; source: string; range: string; weight: string };
/** The colours of the page as it is now, and the letters of the three sides. */
export type Ink = { text: string; halo: string; panel: string; warn: string; accent: string };
/** With its size in pixels of the sheet. */
export type Lettered = { stamp: Stamp; width: number; height: number };

const FAMILY = 'Noto Sans JP Variable';
/** Of a text with lines as long as this and its halo; also how much room a sheet's edge must give. */
export const WIDEST_PX = 140;
const LINE_PX = 121;
const HALO_PX = 1.4;
/** Texts that were not asked for lately are made again when they are. */
const MOST = 4000;

export type Hand = { size: number; colour: 'text' | 'warn' };

export class Lettering {
  #made = new Map<string, Lettered>();
  #scratch = new OffscreenCanvas(1, 1);
  #asked = new Set<string>();
  /** Counts parts of the font that came.  Chromium's workers keep what a list of families came to before; another list is looked up anew. */
  #parts = 0;
  #ink: Ink = { text: '', halo: '', panel: '', warn: '', accent: '' };

  /** `loaded` is called when a part of the font came that texts were drawn without. */
  constructor(
    private readonly fonts: FontFaceSet,
    private readonly loaded: () => void,
  ) {}

  know(rules: readonly FontRule[]): void {
    for (const { family, source, range, weight } of rules) this.fonts.add(new FontFace(family, source, { unicodeRange: range, weight }));
  }

  dip(ink: Ink): void {
    this.#ink = ink;
    this.#made.clear();
  }

  text(text: string, { size, colour }: Hand, ratio: number, across: number): Lettered {
    return this.#once(`${size} ${colour} ${ratio} ${across} ${text}`, () => {
      this.#need(text);
      const pen = this.#pen(1, 1);
      pen.font = `${size * ratio}px ${this.#font}`;
      const rows = lines(text, LINE_PX * ratio, (part) => pen.measureText(part).width);
      const step = size * 1.2 * ratio;
      const width = Math.min(WIDEST_PX * ratio, Math.max(...rows.map((row) => pen.measureText(row).width)) + 2 * HALO_PX * ratio + 2);
      return this.#drawn(width, rows.length * step + 2 * HALO_PX * ratio, across, (at) => {
        at.font = `${size * ratio}px ${this.#font}`;
        [at.textAlign, at.textBaseline, at.lineJoin] = ['center', 'middle', 'round'];
        [at.lineWidth, at.strokeStyle, at.fillStyle] = [2 * HALO_PX * ratio, this.#ink.halo, this.#ink[colour]];
        const first = (-(rows.length - 1) * step) / 2;
        for (const [i, row] of rows.entries()) at.strokeText(row, 0, first + i * step);
        for (const [i, row] of rows.entries()) at.fillText(row, 0, first + i * step);
      });
    });
  }

  /** The disc of a cluster with its count in it; `warn` where a member is old. */
  disc(count: number, warn: boolean, ratio: number, across: number): Lettered {
    return this.#once(`disc ${count} ${warn} ${ratio} ${across}`, () => {
      this.#need('0');
      const radius = radiusOf(count) * ratio;
      return this.#drawn(2 * radius + 4 * ratio, 2 * radius + 4 * ratio, across, (at) => {
        at.beginPath();
        at.arc(0, 0, radius, 0, 2 * Math.PI);
        [at.globalAlpha, at.fillStyle] = [0.92, this.#ink.panel];
        at.fill();
        [at.globalAlpha, at.lineWidth, at.strokeStyle] = [1, 1.4 * ratio, warn ? this.#ink.warn : this.#ink.accent];
        at.stroke();
        at.font = `${12 * ratio}px ${this.#font}`;
        [at.textAlign, at.textBaseline, at.fillStyle] = ['center', 'middle', this.#ink.text];
        at.fillText(String(count), 0, 0.5 * ratio);
      });
    });
  }

  get #font(): string {
    return `"${FAMILY}", sans-serif, after${this.#parts}`;
  }

  #once(key: string, make: () => Lettered): Lettered {
    const known = this.#made.get(key);
    if (known) return known;
    if (this.#made.size >= MOST) this.#made.clear();
    const made = make();
    this.#made.set(key, made);
    return made;
  }

  #drawn(width: number, height: number, across: number, draw: (pen: OffscreenCanvasRenderingContext2D) => void): Lettered {
    const [w, h] = [Math.ceil(width), Math.ceil(height)];
    const pen = this.#pen(w, h);
    pen.translate(Math.floor(w / 2), Math.floor(h / 2));
    draw(pen);
    const pixels = new Uint32Array(pen.getImageData(0, 0, w, h).data.buffer);
    return { stamp: stampOf(pixels, w, { left: 0, top: 0, width: w, height: h }, across), width: w, height: h };
  }

  #pen(width: number, height: number): OffscreenCanvasRenderingContext2D {
    this.#scratch.width = width;
    this.#scratch.height = height;
    const pen = this.#scratch.getContext('2d', { willReadFrequently: true });
    if (!pen) throw new Error('expected a 2D canvas; none came');
    return pen;
  }

  /** Loads what parts of the font the text needs; once they are there, all texts are drawn anew. */
  #need(text: string): void {
    const unknown = [...new Set(text)].filter((letter) => !this.#asked.has(letter)).join('');
    for (const letter of unknown) this.#asked.add(letter);
    if (!unknown) return;
    const font = `11px "${FAMILY}"`;
    if (this.fonts.check(font, unknown)) return;
    const again = (): void => {
      this.#parts += 1;
      this.#made.clear();
      this.loaded();
    };
    // A part that does not come leaves the system's own letters.
    void this.fonts.load(font, unknown).then(again, () => undefined);
  }
}

/** Pixels across the map: from a pair to some thousands. */
export function radiusOf(count: number): number {
  return 12 + (12 * Math.min(Math.max(Math.log(count) - 0.7, 0), 8.3)) / 8.3;
}
