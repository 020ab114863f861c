/** From the node's lists to files on this machine; nothing goes anywhere else. */
import * as api from '../api/node';
import type { Label, Marking, RecordView } from '../api/types';
import { i18n } from '../i18n/index.svelte';
import { dtg } from '../lib/dtg';
import { labelKey } from '../lib/labels';
import { session } from '../state/session.svelte';
import { csv } from './csv';
import { collection } from './geojson';
import { LISTS, type ListName } from './lists';

const OWN = 'ours';

/** What all of these amount to together, in the node's words.  Raises the problem when it cannot say. */
export async function together(views: readonly RecordView[]): Promise<{ label: Label; marking: Marking }> {
  const labels = [...new Map(views.map((v) => [labelKey(v.record.label), v.record.label])).values()];
  const fallback = session.policy?.suggestions[0]?.label;
  return api.labels.aggregate(labels.length || !fallback ? labels : [fallback]);
}

const said = (marking: Marking): string => `${marking.en} · ${marking.ja}`;

export async function listAsCsv(name: ListName): Promise<void> {
  const { columns, lines } = await LISTS[name]();
  const t = i18n.t.report.columns;
  const views = lines.map((line) => line.view);
  const head = [t.marking, t.id, t.version, ...columns, t.source, t.at, t.by, t.cut];
  const rows = lines.map(({ view, cells }) => [
    said(view.marking), view.record.id, view.record.version ?? 1, ...cells, view.source || OWN, view.at, view.record.by, view.cut,
  ]);
  saveText(`${name}-${dtg(new Date())}.csv`, 'text/csv', csv(said((await together(views)).marking), head, rows));
}

export async function mapAsGeoJson(): Promise<void> {
  const { hazards, areas, positions, sites } = api.picture;
  const views: RecordView[] = (await Promise.all([hazards(), areas(), positions(), sites()])).flat();
  const placed = views.filter((v) => 'geometry' in v.record && v.record.geometry);
  const whole = collection(placed, await together(placed), new Date().toISOString(), session.me?.post ?? '');
  saveText(`picture-${dtg(new Date())}.geojson`, 'application/geo+json', JSON.stringify(whole));
}

function saveText(name: string, type: string, text: string): void {
  save(`renkei-${name}`, new Blob([text], { type }));
}

/** Put a file on this machine's disk, wherever the browser puts what it saves. */
export function save(name: string, file: Blob): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
