/**
 * What the overlay's worker does: it keeps the symbols in columns, gathers what lies on each other, and puts what is in
 * view onto a sheet of pixels.
 */
import { apart, cluster, countOf, sideCount, TILE_PX, type Found } from './cluster';
import { Columns, GONE, layerIn, NO_LEAD, type Changes } from './columns';
import { type FontRule, type Ink, Lettering, WIDEST_PX, type Lettered } from './lettering';
import { SIDES } from './points';
import { Sheet, type Stamp, stampOf } from './stamps';
import { Taken } from './wording';

/**
 * What to draw.  `x`, `y`: the middle (web Mercator); `width`, `height` in CSS pixels with `ratio` of the screen's to each;
 * `step`: the zoom that clusters are gathered for; `shown`: which layers, in the order of `SYMBOL_LAYERS`; `order`: those that
 * are drawn here, the lowest first; `selected`: a slot or -1; `ring`: its sprite; `leaders`: with lines along courses.
 */
export type Frame = {
  x: number; y: number; zoom: number; width: number; height: number; ratio: number;
  step: number; clustered: boolean; shown: boolean[]; order: number[]; selected: number; ring: number; leaders: boolean;
};
/** Names beside symbols. */
export type Names = { slots: number[]; texts: string[]; stale: boolean[] };
/** Sprites in a square of `columns` by `columns` cells. */
export type Atlas = { image: ImageBitmap; columns: number };
/** What changed since the last time, and what to draw now. */
export type Ask = { changes?: Changes; atlas?: Atlas; ink?: Ink; sides?: string[]; fonts?: FontRule[]; names?: Names; frame: Frame };
/** The picture of `frame`; `found` where it differs from the last. */
export type Answer = { image: ImageBitmap; frame: Frame; found?: Found };

const NAME_PX = 11;
const SIDES_PX = 9.5;
/** What of a symbol a name should not lie on. */
const SYMBOL_PX = { width: 30, height: 22 };
/** From a symbol's middle to the near edge of its name. */
const NAME_OFF_PX = 17.6;

export class Drawing {
  #columns = new Columns();
  #found: Found | null = null;
  #foundFor = '';
  #sheet = new Sheet(1, 1, 0);
  #canvas = new OffscreenCanvas(1, 1);
  #atlas: { pixels: Uint32Array; wide: number; cell: number; columns: number } | null = null;
  #stamps = new Map<number, Stamp>();
  #lettering: Lettering;
  #names: Names = { slots: [], texts: [], stale: [] };
  #sides: string[] = SIDES.map(() => '');

  /** `again` is called when what was drawn would look different now. */
  constructor(fonts: FontFaceSet, again: () => void) {
    this.#lettering = new Lettering(fonts, again);
  }

  draw({ changes, atlas, ink, sides, fonts, names, frame }: Ask): Answer {
    if (changes) this.#columns.apply(changes);
    if (atlas) this.#learn(atlas);
    if (fonts) this.#lettering.know(fonts);
    if (ink) this.#lettering.dip(ink);
    [this.#names, this.#sides] = [names ?? this.#names, sides ?? this.#sides];
    const key = JSON.stringify([frame.step, frame.clustered, frame.shown]);
    const fresh = changes !== undefined || key !== this.#foundFor;
    if (fresh) this.#found = frame.clustered ? cluster(this.#columns, frame.shown, frame.step) : apart(this.#columns, frame.shown);
    this.#foundFor = key;
    this.#clear(frame);
    if (this.#found) this.#put(this.#found, frame);
    return { image: this.#image(), frame, ...(fresh && this.#found ? { found: this.#found } : {}) };
  }

  #learn({ image, columns }: Atlas): void {
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    if (!pen) throw new Error('expected a 2D canvas; none came');
    pen.drawImage(image, 0, 0);
    image.close();
    const pixels = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    this.#atlas = { pixels, wide: canvas.width, cell: Math.round(canvas.width / columns), columns };
    this.#stamps.clear();
  }

  #clear({ width, height, ratio }: Frame): void {
    const [w, h, edge] = [Math.round(width * ratio), Math.round(height * ratio), Math.ceil(WIDEST_PX * ratio)];
    if (this.#sheet.width === w && this.#sheet.height === h && this.#sheet.edge === edge) this.#sheet.clear();
    else {
      this.#sheet = new Sheet(w, h, edge);
      this.#stamps.clear();
      [this.#canvas.width, this.#canvas.height] = [w, h];
    }
  }

  #image(): ImageBitmap {
    const { bytes, across, edge, width, height } = this.#sheet;
    const pen = this.#canvas.getContext('2d', { willReadFrequently: true });
    pen?.putImageData(new ImageData(bytes, across), -edge, -edge, edge, edge, width, height);
    return this.#canvas.transferToImageBitmap();
  }

  #put(found: Found, frame: Frame): void {
    const place = placeIn(frame);
    const taken = { texts: new Taken(), things: new Taken() };
    this.#symbols(found, frame, place, taken);
    this.#clusters(found, frame, place, taken);
    this.#named(found, frame, place, taken);
  }

  #symbols({ singles }: Found, frame: Frame, place: Place, { things }: AllTaken): void {
    const [named, { width, height }] = [this.#names.slots.length > 0, SYMBOL_PX];
    const { kind, x, y, cell, lead } = this.#columns;
    for (const layer of frame.order) {
      for (const slot of singles) {
        if (layerIn(kind[slot] ?? GONE) !== layer) continue;
        const [px, py] = [place.across(x[slot] ?? 0), place.down(y[slot] ?? 0)];
        if (!this.#sheet.holds(px, py)) continue;
        const leader = lead[slot] ?? NO_LEAD;
        if (frame.leaders && leader !== NO_LEAD) this.#cell(leader, px, py);
        this.#cell(cell[slot] ?? 0, px, py);
        if (named) things.add(px, py, width * frame.ratio, height * frame.ratio);
        if (slot === frame.selected) this.#cell(frame.ring, px, py);
      }
    }
  }

  #cell(cell: number, x: number, y: number): void {
    const { pixels, wide, cell: size, columns } = this.#atlas ?? { pixels: new Uint32Array(), wide: 0, cell: 0, columns: 1 };
    let stamp = this.#stamps.get(cell);
    if (!stamp) {
      const box = { left: (cell % columns) * size, top: Math.floor(cell / columns) * size, width: size, height: size };
      this.#stamps.set(cell, (stamp = stampOf(pixels, wide, box, this.#sheet.across)));
    }
    this.#sheet.put(stamp, x, y);
  }

  /** Discs with their counts, and below them by side as far as there is room, the largest first. */
  #clusters(found: Found, { ratio }: Frame, place: Place, { texts, things }: AllTaken): void {
    const { across } = this.#sheet;
    const seen: { i: number; x: number; y: number; disc: Lettered }[] = [];
    for (let i = 0; i < found.keys.length; i++) {
      const [x, y] = [place.across(found.xy[i * 2] ?? 0), place.down(found.xy[i * 2 + 1] ?? 0)];
      if (!this.#sheet.holds(x, y)) continue;
      const disc = this.#lettering.disc(countOf(found, i), (found.stale[i] ?? 0) > 0, ratio, across);
      this.#sheet.put(disc.stamp, x, y);
      things.add(x, y, disc.width, disc.height);
      seen.push({ i, x, y, disc });
    }
    for (const { i, x, y, disc } of seen.sort((a, b) => countOf(found, b.i) - countOf(found, a.i))) {
      const text = this.#sides.flatMap((name, side) => (sideCount(found, i, side) ? [`${name} ${sideCount(found, i, side)}`] : [])).join(' · ');
      const sides = this.#lettering.text(text, { size: SIDES_PX, colour: 'text' }, ratio, across);
      this.#text(sides, x, y + Math.round((disc.height + sides.height) / 2 - 2 * ratio), [texts]);
    }
  }

  /** To the right of its symbol, else to the left, else below: where nothing is, else where no text is, else not at all. */
  #named(found: Found, { ratio }: Frame, place: Place, { texts: written, things }: AllTaken): void {
    const [{ slots, texts, stale }, { x, y }] = [this.#names, this.#columns];
    if (!slots.length) return;
    const singles = new Set(found.singles);
    for (const [i, slot] of slots.entries()) {
      const text = texts[i];
      if (!text || !singles.has(slot)) continue;
      const [px, py] = [place.across(x[slot] ?? 0), place.down(y[slot] ?? 0)];
      const name = this.#lettering.text(text, { size: NAME_PX, colour: stale[i] ? 'warn' : 'text' }, ratio, this.#sheet.across);
      const [beside, below] = [Math.round(NAME_OFF_PX * ratio + name.width / 2), Math.round(NAME_OFF_PX * ratio + name.height / 2 + 8 * ratio)];
      const places = [[px + beside, py], [px - beside, py], [px, py + below]] as const;
      const clear = (taken: Taken[]): boolean => places.some(([nx, ny]) => this.#text(name, nx, ny, taken));
      if (!clear([written, things])) clear([written]);
    }
  }

  /** Whether there was room beside what is `taken`; the first of it is of texts, and this is one more. */
  #text({ stamp, width, height }: Lettered, x: number, y: number, taken: Taken[]): boolean {
    if (!this.#sheet.holds(x, y) || !taken.every((one) => one.free(x, y, width, height))) return false;
    taken[0]?.add(x, y, width, height);
    this.#sheet.put(stamp, x, y);
    return true;
  }
}

type AllTaken = { texts: Taken; things: Taken };
type Place = { across: (x: number) => number; down: (y: number) => number };

/** From web Mercator to whole pixels of the sheet. */
export function placeIn({ x, y, zoom, width, height, ratio }: Pick<Frame, 'x' | 'y' | 'zoom' | 'width' | 'height' | 'ratio'>): Place {
  const world = TILE_PX * 2 ** zoom * ratio;
  return { across: (at) => Math.round((at - x) * world + (width * ratio) / 2), down: (at) => Math.round((at - y) * world + (height * ratio) / 2) };
}
