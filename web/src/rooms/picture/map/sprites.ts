/**
 * One texture of all symbols in use: each drawn once by milsymbol, with its side in letters and, where what is shown
 * is old, a clock in its corner (so that age is not told by colour alone).
 */
import ms from 'milsymbol';

import type { MapPoint } from './points';

/** A cell in CSS pixels; symbols are drawn at twice that for dense screens. */
export const CELL = 44;
export const RATIO = 2;
const SIDE_CELLS = 22;
/** A line of twelve pixels looks the same within as much as this. */
const TURN_DEGREES = 5;
/** What the texture holds; there are some twenty symbols, three sides and two ages, and the lines of 72 courses. */
export const MOST_SPRITES = SIDE_CELLS ** 2;
const SYMBOL_PX = 18;
const LETTERS = { jp: 'JP', us: 'US', other: '' } as const;

export type Look = { ink: string; halo: string; warn: string; accent: string; dark: boolean };

export class Sprites {
  readonly canvas = document.createElement('canvas');
  /** Counts up when something was drawn, so that the texture is sent again. */
  revision = 0;
  #cells = new Map<string, number>();
  #known: Record<string, Record<string, number>> = {};
  #turns: Record<number, number> = {};
  #pen: CanvasRenderingContext2D;

  constructor(private look: Look) {
    this.canvas.width = this.canvas.height = SIDE_CELLS * CELL * RATIO;
    const pen = this.canvas.getContext('2d');
    if (!pen) throw new Error('expected a 2D canvas; none came');
    this.#pen = pen;
  }

  /** Day to night: everything is drawn anew when next asked for. */
  relook(look: Look): void {
    this.look = look;
    this.#cells.clear();
    this.#known = {};
    this.#turns = {};
    this.#pen.resetTransform();
    this.#pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.revision++;
  }

  of(p: MapPoint): number {
    // Asked for every symbol at every tick: no text is put together where the drawing is known.
    const bySide = (this.#known[p.sidc] ??= {});
    return (bySide[p.stale ? `${p.side}!` : p.side] ??= this.#cell(`${p.sidc}${p.side}${p.stale}`, () => this.#symbol(p)));
  }

  /** The line that points along a course (degrees), to the nearest few. */
  leader(course: number): number {
    const turn = (Math.round(course / TURN_DEGREES) * TURN_DEGREES) % 360;
    return (this.#turns[turn] ??= this.#cell(`leader${turn}`, () => {
      this.#pen.rotate((turn * Math.PI) / 180);
      this.#line('M0 -9L0 -21M-2.6 -17.6L0 -21.4L2.6 -17.6', this.look.halo, 3.2);
      this.#line('M0 -9L0 -21M-2.6 -17.6L0 -21.4L2.6 -17.6', this.look.ink, 1.3);
    }));
  }

  ring(): number {
    return this.#cell('ring', () => {
      this.#line('M-19 -10V-17H-12M12 -17H19V-10M19 10V17H12M-12 17H-19V10', this.look.halo, 4);
      this.#line('M-19 -10V-17H-12M12 -17H19V-10M19 10V17H12M-12 17H-19V10', this.look.accent, 2);
    });
  }

  #cell(key: string, draw: () => void): number {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell = Math.min(this.#cells.size, MOST_SPRITES - 1);
    this.#cells.set(key, cell);
    const at = (n: number): number => (n + 0.5) * CELL * RATIO;
    this.#pen.setTransform(RATIO, 0, 0, RATIO, at(cell % SIDE_CELLS), at(Math.floor(cell / SIDE_CELLS)));
    draw();
    this.revision++;
    return cell;
  }

  #symbol(p: MapPoint): void {
    const mode = this.look.dark ? 'Medium' : 'Light';
    const symbol = new ms.Symbol(p.sidc, { size: SYMBOL_PX, colorMode: mode, infoFields: false, outlineWidth: 3, outlineColor: this.look.halo });
    const image = symbol.asCanvas(RATIO);
    const { x, y } = symbol.getOctagonAnchor();
    this.#pen.globalAlpha = p.stale ? 0.62 : 1;
    this.#pen.drawImage(image, -x, -y, image.width / RATIO, image.height / RATIO);
    this.#pen.globalAlpha = 1;
    if (LETTERS[p.side]) this.#letters(LETTERS[p.side]);
    if (p.stale) this.#clock();
  }

  #letters(text: string): void {
    const pen = this.#pen;
    pen.font = '600 7.5px "Noto Sans JP Variable", sans-serif';
    pen.textAlign = 'center';
    pen.lineJoin = 'round';
    pen.lineWidth = 2.4;
    pen.strokeStyle = this.look.halo;
    pen.strokeText(text, 0, 20);
    pen.fillStyle = this.look.ink;
    pen.fillText(text, 0, 20);
  }

  #clock(): void {
    const pen = this.#pen;
    pen.beginPath();
    pen.arc(14, -12, 5, 0, 2 * Math.PI);
    pen.fillStyle = this.look.halo;
    pen.fill();
    pen.lineWidth = 1.4;
    pen.strokeStyle = this.look.warn;
    pen.stroke();
    this.#line('M14 -15V-12L16.2 -10.7', this.look.warn, 1.4);
  }

  #line(path: string, colour: string, width: number): void {
    this.#pen.lineWidth = width;
    this.#pen.lineCap = 'round';
    this.#pen.strokeStyle = colour;
    this.#pen.stroke(new Path2D(path));
  }
}

export const cellColumns = SIDE_CELLS;
