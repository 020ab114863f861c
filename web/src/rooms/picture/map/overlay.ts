/**
 * Everything that moves, over the map: a worker draws it, so that neither MapLibre nor whoever uses the page waits for it.
 * One picture is asked for at a time and comes with the view it was drawn for; while the camera goes on, the last picture is
 * moved along with it.
 */
import { type Camera, transform } from './camera';
import type { Found } from './cluster';
import type { Answer, Ask, Frame } from './drawing';
import type { FontRule } from './lettering';
import { Pace } from './pace';
import type { Roster } from './roster';
import { CELL, cellColumns, type Sprites } from './sprites';

/** At least two thirds of the time the graphics have for other things. */
const REST = 2;
/** What moved is seen no later than this after it could be, whatever it costs. */
const LONGEST_REST_MS = 150;

export type OverlayEvents = {
  frame: () => Omit<Frame, 'ring'>;
  /** What lies on what was found out anew. */
  found: (found: Found) => void;
  /** Nothing more is to be drawn, or something is again. */
  still: (still: boolean) => void;
  /** This browser has no such worker. */
  failed: () => void;
};

export class Overlay {
  readonly canvas = document.createElement('canvas');
  #show = this.canvas.getContext('bitmaprenderer');
  #worker = new Worker(new URL('./overlay-worker.ts', import.meta.url), { type: 'module' });
  #pace = new Pace(REST, LONGEST_REST_MS);
  #drawn: Frame | null = null;
  #busy = false;
  #due = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAt = 0;
  #sent = '';
  #closed = false;
  #told: Partial<Ask> = { fonts: pageFonts() };

  constructor(
    private readonly roster: Roster,
    private readonly sprites: Sprites,
    private readonly on: OverlayEvents,
  ) {
    this.canvas.className = 'symbols';
    this.canvas.setAttribute('aria-hidden', 'true');
    this.#worker.onerror = () => this.on.failed();
    this.#worker.onmessage = ({ data }: MessageEvent<Answer | 'again'>) => (data === 'again' ? this.wake() : this.#answered(data));
  }

  /** What the worker is to know with the next picture. */
  tell(what: Pick<Ask, 'ink' | 'sides' | 'names'>): void {
    Object.assign(this.#told, what);
    this.wake();
  }

  /** Something looks different now. */
  wake(): void {
    this.#due = true;
    this.on.still(false);
    this.#soon();
  }

  /** The map below is seen from there now. */
  moved(camera: Camera): void {
    const shift = this.#drawn ? transform(this.#drawn, camera) : '';
    if (shift === this.canvas.style.transform) return;
    this.canvas.style.transform = shift;
    this.wake();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#worker.terminate();
    this.canvas.remove();
  }

  #soon(): void {
    const { wait } = this.#pace;
    if (this.#busy || this.#closed || !this.#due || this.#timer !== undefined || wait === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, wait);
  }

  async #ask(): Promise<void> {
    [this.#busy, this.#due] = [true, false];
    this.#askedAt = performance.now();
    const ring = this.sprites.ring();
    const changes = this.roster.take(this.sprites);
    const frame = { ...this.on.frame(), ring };
    const ask: Ask = { ...this.#told, ...(changes ? { changes } : {}), frame };
    this.#told = {};
    const atlas = `${this.sprites.revision} ${frame.ratio}`;
    const transfer: Transferable[] = changes ? [changes.slots.buffer, changes.xy.buffer, changes.cells.buffer, changes.leads.buffer, changes.kinds.buffer] : [];
    if (atlas !== this.#sent) {
      this.#sent = atlas;
      const side = Math.round(CELL * frame.ratio) * cellColumns;
      const image = await createImageBitmap(this.sprites.canvas, { resizeWidth: side, resizeHeight: side, resizeQuality: 'high' });
      ask.atlas = { image, columns: cellColumns };
      transfer.push(image);
    }
    if (!this.#closed) this.#worker.postMessage(ask, transfer);
  }

  #answered({ image, frame, found }: Answer): void {
    if (this.#closed) return image.close();
    if (this.canvas.width !== image.width || this.canvas.height !== image.height) [this.canvas.width, this.canvas.height] = [image.width, image.height];
    this.#show?.transferFromImageBitmap(image);
    const { style } = this.canvas;
    [style.width, style.height] = [`${frame.width}px`, `${frame.height}px`];
    style.transform = transform(frame, this.on.frame());
    [this.#drawn, this.#busy] = [frame, false];
    this.#pace.drawn(performance.now() - this.#askedAt, () => this.#soon());
    if (found) this.on.found(found);
    this.#soon();
    if (!this.#due) this.on.still(true);
  }
}

/** A worker draws with no fonts but those it is given: the page's own, by their files. */
function pageFonts(): FontRule[] {
  return [...document.styleSheets].flatMap((sheet) =>
    [...sheet.cssRules].flatMap((rule) => {
      if (!(rule instanceof CSSFontFaceRule)) return [];
      const said = (name: string): string => rule.style.getPropertyValue(name);
      const source = said('src').replace(/url\("?([^")]+)"?\)/g, (_, url: string) => `url("${new URL(url, sheet.href ?? location.href).href}")`);
      return [{ family: said('font-family').replace(/^["']|["']$/g, ''), source, range: said('unicode-range'), weight: said('font-weight') }];
    }),
  );
}
