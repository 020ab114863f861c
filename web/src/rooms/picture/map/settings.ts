/** How a person has arranged the map: kept in their browser, one for each account.  Pure but for `load` and `save`. */
import { FORMS, type Form } from '../../../lib/coordinates';

/** From the bottom up, as the map starts. */
export const LAYERS = ['places', 'areas', 'hazards', 'sites', 'units', 'incidents', 'positions'] as const;
export type LayerId = (typeof LAYERS)[number];
/** `locked`: it stays as it is, neither moved nor hidden, and is not picked by clicking. */
export type LayerState = { id: LayerId; shown: boolean; locked: boolean };
export type View = { lon: number; lat: number; zoom: number };
export type Settings = { layers: LayerState[]; form: Form; cluster: boolean; view: View | null };

export const plainLayer = (id: LayerId): LayerState => ({ id, shown: true, locked: false });
export const START: Settings = { layers: LAYERS.map(plainLayer), form: 'mgrs', cluster: true, view: null };

/** What was kept, as far as it still makes sense; layers that are new since then come on top. */
export function parseSettings(text: string | null): Settings {
  const kept = parsed(text);
  const layers = (Array.isArray(kept.layers) ? kept.layers : []).flatMap((l: unknown) => layerOf(l));
  const first = layers.filter((l, i) => layers.findIndex((m) => m.id === l.id) === i);
  const missing = LAYERS.filter((id) => !first.some((l) => l.id === id)).map(plainLayer);
  const form = FORMS.find((f) => f === kept.form) ?? START.form;
  return { layers: [...first, ...missing], form, cluster: kept.cluster !== false, view: viewOf(kept.view) };
}

function parsed(text: string | null): Partial<Record<keyof Settings, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function layerOf(value: unknown): LayerState[] {
  const { id, shown, locked } = (value ?? {}) as Partial<Record<keyof LayerState, unknown>>;
  const known = LAYERS.find((l) => l === id);
  return known ? [{ id: known, shown: shown !== false, locked: locked === true }] : [];
}

function viewOf(value: unknown): View | null {
  const { lon, lat, zoom } = (value ?? {}) as Partial<Record<keyof View, unknown>>;
  const numbers = [lon, lat, zoom].every((n) => typeof n === 'number' && Number.isFinite(n));
  return numbers && Math.abs(Number(lat)) <= 85 ? { lon: Number(lon), lat: Number(lat), zoom: Number(zoom) } : null;
}

/** One step up (1) or down (-1) past its unlocked neighbour; a locked layer stays where it is. */
export function moved(layers: readonly LayerState[], id: LayerId, step: 1 | -1): LayerState[] {
  const here = layers.findIndex((l) => l.id === id);
  const [one, other] = [layers[here], layers[here + step]];
  if (!one || !other || one.locked || other.locked) return [...layers];
  return layers.map((l, i) => (i === here ? other : i === here + step ? one : l));
}

const key = (account: string): string => `renkei.map.${account}`;
export const load = (account: string): Settings => parseSettings(localStorage.getItem(key(account)));
export const save = (account: string, settings: Settings): void => localStorage.setItem(key(account), JSON.stringify(settings));
