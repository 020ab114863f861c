/**
 * Pictures put onto pixels by hand: thousands of small ones cost a canvas a call each, and without a graphics card that
 * is what drawing costs.  A stamp is a picture as a list of its pixels, the solid ones apart from those that let
 * something through.  Pixels are numbers as `ImageData` holds them, alpha in the highest byte, which is how every
 * processor that browsers run on reads them; not multiplied by alpha.  Pure.
 */

/** Places are relative to the picture's middle, for a sheet as wide as `across`. */
export type Stamp = { across: number; solidAt: Int32Array; solid: Uint32Array; softAt: Int32Array; soft: Uint32Array };

/** A sheet of pixels with an edge all around it, so that whatever has its middle on the sheet has room. */
export class Sheet {
  readonly across: number;
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
  readonly #pixels: Uint32Array;

  constructor(
    readonly width: number,
    readonly height: number,
    readonly edge: number,
  ) {
    this.across = width + 2 * edge;
    this.bytes = new Uint8ClampedArray(this.across * (height + 2 * edge) * 4);
    this.#pixels = new Uint32Array(this.bytes.buffer);
  }

  clear(): void {
    this.#pixels.fill(0);
  }

  /** Whether a picture with its middle there touches the sheet without going over its edge. */
  holds(x: number, y: number): boolean {
    const half = this.edge / 2;
    return x >= -half && y >= -half && x < this.width + half && y < this.height + half;
  }

  pixel(x: number, y: number): number {
    return this.#pixels[(y + this.edge) * this.across + x + this.edge] ?? 0;
  }

  /** With the middle at a whole pixel that the sheet `holds`. */
  put({ solidAt, solid, softAt, soft }: Stamp, x: number, y: number): void {
    const [at, pixels] = [(y + this.edge) * this.across + x + this.edge, this.#pixels];
    for (let i = 0; i < solid.length; i++) pixels[at + (solidAt[i] ?? 0)] = solid[i] ?? 0;
    for (let i = 0; i < soft.length; i++) {
      const place = at + (softAt[i] ?? 0);
      pixels[place] = over(soft[i] ?? 0, pixels[place] ?? 0);
    }
  }
}

/** One pixel over another: Porter and Duff's operator. */
export function over(top: number, below: number): number {
  const b = below >>> 24;
  if (b === 0) return top;
  if (b === 255) return overSolid(top, below);
  const a = top >>> 24;
  const rest = (b * (255 - a)) / 255;
  const alpha = a + rest;
  const mixed = (shift: number): number => Math.round((((top >>> shift) & 255) * a + ((below >>> shift) & 255) * rest) / alpha) << shift;
  return ((Math.round(alpha) << 24) | mixed(16) | mixed(8) | mixed(0)) >>> 0;
}

/** Most pixels lie over solid ones: two colours at a time, with alpha in 256 steps, which is a colour's step off at most. */
function overSolid(top: number, below: number): number {
  const a = (top >>> 24) + (top >>> 31);
  const outer = (Math.imul(top & 0xff00ff, a) + Math.imul(below & 0xff00ff, 256 - a)) >>> 8;
  const inner = (Math.imul((top >>> 8) & 0xff, a) + Math.imul((below >>> 8) & 0xff, 256 - a)) & 0xff00;
  return (0xff000000 | (outer & 0xff00ff) | inner) >>> 0;
}

/** The square of `side` pixels at `left`, `top` of a picture `wide` pixels across, its middle in the square's. */
export function stampOf(pixels: Uint32Array, wide: number, box: { left: number; top: number; width: number; height: number }, across: number): Stamp {
  const [midX, midY] = [Math.floor(box.width / 2), Math.floor(box.height / 2)];
  const [solidAt, solid, softAt, soft]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let y = 0; y < box.height; y++) {
    for (let x = 0; x < box.width; x++) {
      const pixel = pixels[(box.top + y) * wide + box.left + x] ?? 0;
      const [places, values] = pixel >>> 24 === 255 ? [solidAt, solid] : [softAt, soft];
      if (pixel >>> 24) [places[places.length], values[values.length]] = [(y - midY) * across + x - midX, pixel];
    }
  }
  return { across, solidAt: Int32Array.from(solidAt), solid: Uint32Array.from(solid), softAt: Int32Array.from(softAt), soft: Uint32Array.from(soft) };
}
