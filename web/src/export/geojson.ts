/** What lies on the map as GeoJSON (RFC 7946), every feature and the whole marked: pure. */
import type { Geometry, Label, Marking, RecordView } from '../api/types';
import { summaryOf } from '../lib/summary';

type Feature = { type: 'Feature'; id: string; geometry: Geometry | null; properties: Record<string, unknown> };
export type Collection = { type: 'FeatureCollection'; marking: { en: string; ja: string }; label: Label; exported_at: string; exported_by: string; features: Feature[] };

/** Records of any kind that have a place; those without one are left out. */
export function collection(views: readonly RecordView[], whole: { label: Label; marking: Marking }, at: string, by: string): Collection {
  return {
    type: 'FeatureCollection',
    marking: { en: whole.marking.en, ja: whole.marking.ja },
    label: whole.label,
    exported_at: at,
    exported_by: by,
    features: views.flatMap(feature),
  };
}

function feature(view: RecordView): Feature[] {
  const { geometry, ...rest } = view.record as unknown as Record<string, unknown> & { geometry?: Geometry };
  if (!geometry) return [];
  const { en, ja, colour } = view.marking;
  const names = { title_en: summaryOf(view.record, 'en'), title_ja: summaryOf(view.record, 'ja') };
  const properties = { ...rest, ...names, marking: { en, ja, colour }, source: view.source, at: view.at, portions_cut: view.cut };
  return [{ type: 'Feature', id: view.record.id, geometry, properties }];
}
