/** What part of the map is in view: dragging, wheel, keys and fitting, without knowing what is drawn. */
import { viewOf, type Box } from '../../lib/geo';

export const REGION: Box = { west: 119, south: 21.5, east: 151, north: 46.5 };
/** From the whole region down to a single island. */
const WIDEST = 46;
const NARROWEST = 0.6;

export class MapView {
  x = $state(0);
  y = $state(0);
  w = $state(1);
  h = $state(1);
  /** Pixels per map unit, for symbols that keep their size. */
  scale = $derived.by(() => Math.max(this.#width / this.w, 1e-6));
  #width = $state(800);
  #height = $state(600);

  constructor(box: Box = REGION) {
    this.fit(box);
  }

  resize(width: number, height: number): void {
    if (!width || !height) return;
    const [cx, cy] = [this.x + this.w / 2, this.y + this.h / 2];
    this.#width = width;
    this.#height = height;
    this.h = (this.w * height) / width;
    this.x = cx - this.w / 2;
    this.y = cy - this.h / 2;
  }

  fit(box: Box): void {
    const view = viewOf(box);
    const aspect = this.#height / this.#width;
    const w = Math.max(view.w, view.h / aspect);
    this.w = Math.min(WIDEST, Math.max(NARROWEST, w));
    this.h = this.w * aspect;
    this.x = view.x + view.w / 2 - this.w / 2;
    this.y = view.y + view.h / 2 - this.h / 2;
  }

  /** By pixels, as the pointer moved. */
  pan(dx: number, dy: number): void {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
  }

  /** About a point given as a share of the view's width and height. */
  zoom(factor: number, atX = 0.5, atY = 0.5): void {
    const w = Math.min(WIDEST, Math.max(NARROWEST, this.w * factor));
    const h = (w * this.#height) / this.#width;
    this.x += (this.w - w) * atX;
    this.y += (this.h - h) * atY;
    this.w = w;
    this.h = h;
  }
}
