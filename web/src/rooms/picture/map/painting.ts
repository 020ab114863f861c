/**
 * When MapLibre paints, and how finely.  With a graphics card that is whenever it wants to.  Without one a whole map takes
 * longer to paint than anybody waits for an answer, and while it is painted nothing on the screen moves.  So it is painted
 * now and then (`Pace`), and between two paintings the last is moved and scaled with the camera, which costs next to
 * nothing; and it is painted coarsely while it is worked on, and finely once it has been left alone for a moment.
 */
import type { Map as MapLibre } from 'maplibre-gl';

import { type Camera, transform } from './camera';
import { Pace } from './pace';

/** A quarter of the time for painting the base; the rest is for whoever works on it. */
const REST = 3;
const LONGEST_REST_MS = 600;
/** So many slow paintings in a row are no hiccup. */
const SLOW_AFTER = 3;
/** Of the pixels across: a quarter of all. */
const COARSE = 0.5;
/** Without a card every frame of the whole page is dear, be it only for a picture that is moved. */
const MOVE_MS = 80;
/** A hand that pauses longer than this has come to look. */
const LEFT_ALONE_MS = 700;

/** `moved` is called when the picture was painted or laid anew, for what lies over it to go along. */
export class Painting {
  #pace = new Pace(REST, LONGEST_REST_MS);
  #painted: Camera | null = null;
  #finelyAt = -Infinity;
  /** Whether the last painting is to be done anew, finely. */
  coarse = false;
  /** Fine paintings in a row that held something up. */
  #late = 0;
  #movedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly map: MapLibre,
    private readonly camera: () => Camera,
    private readonly moved: (camera: Camera) => void,
  ) {
    const { painter } = map;
    const paint = painter.render.bind(painter);
    // A canvas of another size is empty.
    map.on('resize', () => (this.#painted = null));
    painter.render = (style, view, options) => {
      if (this.#held()) return;
      const ratio = this.#size(options.pixelRatio);
      paint(style, view, { ...options, pixelRatio: ratio });
      // How fast a coarse painting was says nothing of how slow a fine one would be.
      const fine = !this.coarse;
      this.#pace.drawn(0, () => (this.#late = fine ? (this.#pace.slow ? this.#late + 1 : 0) : this.#late));
    };
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  get #slow(): boolean {
    return this.#late >= SLOW_AFTER;
  }

  /** Whether the last painting has to do for this frame; it is then laid where it belongs. */
  #held(): boolean {
    const now = this.camera();
    const shift = this.#painted ? transform(this.#painted, now) : '';
    if (shift) this.#finelyAt = performance.now() + LEFT_ALONE_MS;
    const held = this.#painted !== null && this.#pace.wait > 0;
    const time = performance.now();
    if (!held || !this.#slow || time >= this.#movedAt + MOVE_MS) {
      this.map.getCanvas().style.transform = held ? shift : '';
      this.#movedAt = time;
      this.moved(now);
    }
    // What is held is still due: MapLibre asks again with the next frame.
    if (this.map.repaint !== held) this.map.repaint = held;
    if (!held) this.#painted = now;
    return held;
  }

  /** Makes the canvas as fine as this painting is to be, at most `full` of its pixels to one of the page; how many it is. */
  #size(full: number): number {
    const alone = this.#finelyAt - performance.now();
    this.coarse = this.#slow && alone > 0;
    clearTimeout(this.#timer);
    if (this.coarse) this.#timer = setTimeout(() => this.map.triggerRepaint(), alone);
    const ratio = full * (this.coarse ? COARSE : 1);
    const [canvas, { clientWidth, clientHeight }] = [this.map.getCanvas(), this.map.getContainer()];
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      this.map.painter.resize(clientWidth, clientHeight, ratio);
    }
    return ratio;
  }
}
