/**
 * Positions as they change.  The node lists records with those that changed last first, so after the first whole
 * reading only the head of the list is read, up to what is known already.
 */
import * as api from '../../../api/node';
import type { Position, RecordView, Unit } from '../../../api/types';
import type { Movers } from './movers';
import { positionPoint } from './points';

/** The node's longest page. */
export const PAGE = 200;
/** Beyond this the map is not what one needs; the node's own lists are. */
export const MOST_POSITIONS = 50_000;
/** How often everything is read again: ages become "old" without a record changing. */
export const WHOLE_EVERY_MS = 60_000;

type Units = () => ReadonlyMap<string, Unit>;
type Page = { items: RecordView<Position>[]; next?: string | null };
export type ReadPage = (limit: number, before?: string) => Promise<Page>;

export class PositionFeed {
  #wholeAt = -Infinity;

  constructor(
    private readonly movers: Movers,
    private readonly units: Units,
    private readonly now: () => number,
    private readonly read: ReadPage = api.picture.positionPage,
  ) {}

  /** Read what changed since the last time.  Throws the node's `Problem`. */
  async refresh(): Promise<void> {
    const whole = performance.now() - this.#wholeAt > WHOLE_EVERY_MS;
    const views = await this.#pages(whole ? () => false : (view) => this.#knows(view));
    const points = views.map((view) => positionPoint(view, this.now(), this.units().get(view.record.unit ?? '')));
    if (whole) {
      this.#wholeAt = performance.now();
      this.movers.replace(points);
    } else this.movers.apply(points);
  }

  /** Of another moment: everything is read again. */
  again(): void {
    this.#wholeAt = -Infinity;
  }

  #knows(view: RecordView<Position>): boolean {
    return this.movers.points.get(view.record.id)?.view.record.version === view.record.version;
  }

  async #pages(enough: (view: RecordView<Position>) => boolean): Promise<RecordView<Position>[]> {
    const found: RecordView<Position>[] = [];
    let before: string | undefined;
    do {
      const page = await this.read(PAGE, before);
      found.push(...page.items);
      before = page.next ?? undefined;
    } while (before && found.length < MOST_POSITIONS && !found.slice(-PAGE).some(enough));
    return found;
  }
}
