/** Which lists can be taken out, and what of a record stands in which column. */
import * as api from '../api/node';
import type { Lang, RecordBase, RecordView, RequestView, TaskView, Text } from '../api/types';
import { i18n } from '../i18n/index.svelte';
import { summaryOf } from '../lib/summary';
import type { Cell } from './csv';

export type Line = { view: RecordView; cells: Cell[] };
export type ListName = 'requests' | 'incidents' | 'log' | 'tasks' | 'decisions' | 'hazards' | 'sites' | 'units' | 'strengths';
export type Table = { columns: string[]; lines: Line[] };

const both = (text: Text | null | undefined): [string, string] => [inOne(text, 'en'), inOne(text, 'ja')];
function inOne(text: Text | null | undefined, lang: Lang): string {
  if (!text) return '';
  return text.lang === lang ? text.text : (text.translations?.find((tr) => tr.lang === lang)?.text ?? '');
}
const summaries = (record: RecordBase): [string, string] => [summaryOf(record, 'en'), summaryOf(record, 'ja')];
const fields = (record: RecordBase): Record<string, Cell> => record as unknown as Record<string, Cell>;

const c = (): typeof i18n.t.report.columns => i18n.t.report.columns;
const titles = (): string[] => [c().titleEn, c().titleJa];

async function requests(): Promise<Table> {
  const all: RequestView[] = await api.whole.requests();
  return {
    columns: [...titles(), c().from, c().to, c().priority, c().state, c().asked, c().answerBy],
    lines: all.map((v) => {
      const r = v.request.record;
      return { view: v.request, cells: [...both(r.title), r.id.split('/')[0], r.to, r.priority ?? 'routine', v.state, r.asked_at, r.answer_by] };
    }),
  };
}

async function tasks(): Promise<Table> {
  const all: TaskView[] = await api.tasks.all();
  return {
    columns: [...titles(), c().to, c().post, c().state, c().due],
    lines: all.map((v) => ({ view: v.task, cells: [...both(v.task.record.title), v.task.record.to, v.task.record.assignee, v.state, v.task.record.due] })),
  };
}

/** Lists that are records and nothing more: their words in both languages, then some of their fields. */
function plain(load: () => Promise<RecordView[]>, columns: () => string[], names: readonly string[]): () => Promise<Table> {
  return async () => ({
    columns: [...titles(), ...columns()],
    lines: (await load()).map((view) => ({ view, cells: [...summaries(view.record), ...names.map((name) => fields(view.record)[name])] })),
  });
}

const structure = (part: 'units' | 'strengths') => async (): Promise<RecordView[]> => (await api.command.everything())[part];

export const LISTS: Record<ListName, () => Promise<Table>> = {
  requests,
  tasks,
  incidents: plain(api.incidents.all, () => [c().severity, c().state, c().opened], ['severity', 'status', 'opened_at']),
  log: plain(api.whole.log, () => [c().happened, c().from, c().to, c().channel, c().priority], ['happened_at', 'from_post', 'to_post', 'channel', 'priority']),
  decisions: plain(api.whole.decisions, () => [c().authority, c().chosen], ['authority', 'chosen']),
  hazards: plain(api.picture.hazards, () => [c().severity, c().state], ['severity', 'status']),
  sites: plain(api.picture.sites, () => [c().code, c().kind, c().nation], ['code', 'site_type', 'nation']),
  units: plain(structure('units'), () => [c().code, c().level, c().service, c().nation, c().source], ['code', 'level', 'service', 'nation', 'source']),
  strengths: plain(structure('strengths'), () => [c().code, c().figure, c().counts, c().asOf, c().source], ['subject_code', 'figure', 'counts', 'as_of', 'source']),
};
