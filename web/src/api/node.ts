/** Every call the client makes, named after what a person does. */
import { ask, del, get, idPath, looking, patch, path, post, query, remember } from './client';
import { labelKey } from '../lib/labels';
import type * as T from './types';

/** Compiles only while what a form sends is what the node takes. */
type Sends<Name extends keyof Inputs, Form extends Inputs[Name]> = Form;
type Inputs = {
  request: T.Input<'RequestIn'>;
  answer: T.Input<'AnswerIn'>;
  incident: T.Input<'IncidentIn'>;
  entry: T.Input<'LogEntryIn'>;
  task: T.Input<'TaskIn'>;
  decision: T.Input<'DecisionIn'>;
  signature: T.Input<'ApproveIn'>;
};

type Items<X> = { items: X[]; next?: string | null };
/** Lists that the API may answer bare or as a page; the client only needs the items. */
const items = <X>(answer: X[] | Items<X>): X[] => (Array.isArray(answer) ? answer : answer.items);
const list = async <X>(where: string): Promise<X[]> => items(await get<X[] | Items<X>>(where));

/** All pages of a list. */
async function everyPage<X>(where: string): Promise<X[]> {
  const all: X[] = [];
  const seen = looking();
  let before: string | undefined;
  do {
    const page = await get<Items<X>>(where + query({ limit: 200, before }), seen);
    all.push(...page.items);
    before = page.next ?? undefined;
  } while (before);
  return all;
}

const AUDIT_PAGE = 100;

export const session = {
  signIn: (account: string, password: string) => post<T.Me>('/session', { account, password }),
  me: () => get<T.Me>('/session'),
  signOut: () => del('/session'),
  changePassword: (current: string, password: string) => post<T.Me>('/session/password', { current, password }),
};

export const tokens = {
  mine: () => list<T.Token>('/tokens'),
  make: (name: string, scopes: readonly T.Permission[], days: number) => post<T.MintedToken>('/tokens', { name, scopes, days }),
  revoke: (id: string) => del(path('tokens', id)),
};

export const accounts = {
  all: () => list<T.Account>('/accounts'),
  make: (account: T.NewAccount) => post<T.Account>('/accounts', account),
  change: (account: string, change: T.AccountChange) => patch<T.Account>(path('accounts', account), change),
  setPassword: (account: string, password: string) => post<undefined>(path('accounts', account, 'password'), { password }),
  signOut: (account: string) => post<{ sessions: number; tokens: number }>(path('accounts', account, 'sign-out')),
  tokens: (account: string) => list<T.Token>(path('accounts', account, 'tokens')),
  revoke: (account: string, token: string) => del(path('accounts', account, 'tokens', token)),
};

export const node = {
  state: () => get<T.NodeState>('/node'),
  partners: () => list<T.Partner>('/partners'),
  queue: (hq: string) => list<T.QueueRow>(path('partners', hq, 'queue')),
  setLink: (hq: string, state: 'up' | 'off', reason: string) =>
    post<T.Link>(path('partners', hq, 'link'), { state, reason }),
  audit: async (before?: string): Promise<Page<T.AuditRow>> => {
    const rows = await get<T.AuditRow[]>('/audit' + query({ limit: AUDIT_PAGE, before }));
    return { items: rows, next: rows.length < AUDIT_PAGE ? null : String(rows.at(-1)?.seq) };
  },
};

export const labels = {
  policy: () => get<T.Policy>('/labels'),
  /** What labels shown together amount to, under this node's own policy where several meet. */
  together: (all: readonly T.Label[]) => post<{ label: T.Label; marking: T.Marking }>('/labels/aggregate', { labels: all }),
  check: (label: T.Label) => post<T.LabelCheck>('/labels/check', { label }),
  /** The marking of everything shown together. */
  aggregate: (labels: T.Label[]) => post<T.LabelOfAll>('/labels/aggregate', { labels }),
};

export const records = {
  one: (id: string) => get<T.RecordView>('/records' + idPath(id)),
  /** The newest of a kind. */
  ofKind: <X extends T.RecordBase>(kind: string) => list<T.RecordView<X>>('/records' + query({ kind, limit: 200 })),
  release: (id: string) => list<T.Release>('/records' + idPath(id) + '/release'),
  /** Newest first; a page may hold fewer than asked for and still be followed by another. */
  search: (q: string, before?: string) => get<Page<T.RecordView>>('/search' + query({ q, limit: 50, before })),
  translate: (id: string, field: string, lang: T.Lang, text: string, reviewed: boolean, seen?: number) =>
    post<unknown>('/records' + idPath(id) + '/translations', { field, lang, text, reviewed }, seen),
};

export type NewRequest = Sends<
  'request',
  {
    /** Without one it goes to whoever handles `function`. */
    to?: string;
    function?: string;
    incident?: string;
    title: T.TextIn;
    need: T.TextIn;
    items: T.Item[];
    priority: T.Priority;
    acknowledge_by: string;
    answer_by: string;
    label: T.Label;
  }
>;
export type NewAnswer = Sends<
  'answer',
  {
    outcome: T.Outcome;
    reason?: T.TextIn;
    offers: T.Offer[];
    review_at?: string;
    /** Without one the answer takes the request's label, under this node's policy. */
    label?: T.Label;
  }
>;
export const requests = {
  /** The board in brief; with `of` the rows that these records are or concern. */
  rows: async (of: readonly string[] = []): Promise<T.Row[]> => {
    const which = of.length ? '?' + of.map((id) => 'of=' + encodeURIComponent(id)).join('&') : '';
    const { items, labels } = await get<T.RowsAnswer>('/requests/rows' + which);
    return items.map((row) => ({ ...row, ...(labels[String(row.label)] as T.RowsAnswer['labels'][string]) }));
  },
  /** The board as it stands after many partial answers, in the shape the node gives it. */
  remember: (all: readonly T.Row[]): void => {
    const keys = all.map((row) => labelKey(row.label));
    const labels = Object.fromEntries(all.map(({ label, marking }, i) => [keys[i], { label, marking }]));
    remember('/requests/rows', { items: all.map((row, i) => ({ ...row, label: keys[i] })), labels });
  },
  one: (id: string) => get<T.RequestView>('/requests' + idPath(id)),
  create: (request: NewRequest) => post<T.RequestView>('/requests', request),
  read: (id: string) => post<unknown>('/requests' + idPath(id) + '/read'),
  acknowledge: (id: string, note?: T.TextIn) => post<unknown>('/requests' + idPath(id) + '/acknowledge', { note }),
  answer: (id: string, answer: NewAnswer) => post<unknown>('/requests' + idPath(id) + '/answer', answer),
  withdraw: (id: string, reason: T.TextIn) => post<unknown>('/requests' + idPath(id) + '/withdraw', { reason }),
  progress: (commitment: string, state: T.Progress, quantity_done?: number, note?: T.TextIn, seen?: number) =>
    post<unknown>('/commitments' + idPath(commitment) + '/progress', { state, quantity_done, note }, seen),
};

export type NewIncident = Sends<
  'incident',
  {
    title: T.TextIn;
    summary?: T.TextIn;
    severity: T.Severity;
    hazards: string[];
    label: T.Label;
  }
>;
export const incidents = {
  all: () => everyPage<T.RecordView<T.Incident>>('/incidents'),
  one: (id: string) => get<T.IncidentView>('/incidents' + idPath(id)),
  open: (incident: NewIncident) => post<T.RecordView<T.Incident>>('/incidents', incident),
  close: (id: string, reason: T.TextIn) => post<unknown>('/incidents' + idPath(id) + '/close', { reason }),
  reopen: (id: string, reason: T.TextIn) => post<unknown>('/incidents' + idPath(id) + '/reopen', { reason }),
};

export type NewLogEntry = Sends<
  'entry',
  {
    text: T.TextIn;
    channel: T.Channel;
    from_post?: string;
    to_post?: string;
    priority: T.Priority;
    incident?: string;
    request?: string;
    significant: boolean;
    links?: string[];
    corrects?: string;
    /** When it happened, not when the node came back. */
    happened_at?: string;
    label: T.Label;
  }
>;
/** A page of a list, and where the next begins. */
export type Page<X> = { items: X[]; next?: string | null };

export const log = {
  page: (before?: string, limit = 100) => get<Page<T.RecordView<T.LogEntry>>>('/log-entries' + query({ limit, before })),
  write: (entry: NewLogEntry) => post<unknown>('/log-entries', entry),
};

export type NewTask = Sends<
  'task',
  {
    title: T.TextIn;
    to: string;
    assignee?: string;
    due?: string;
    incident?: string;
    label: T.Label;
  }
>;
export const tasks = {
  all: () => list<T.TaskView>('/tasks'),
  create: (task: NewTask) => post<unknown>('/tasks', task),
  read: (id: string) => post<unknown>('/tasks' + idPath(id) + '/read'),
  acknowledge: (id: string) => post<unknown>('/tasks' + idPath(id) + '/acknowledge'),
  answer: (id: string, outcome: T.TaskOutcome, reason?: T.TextIn) =>
    post<unknown>('/tasks' + idPath(id) + '/answer', { outcome, reason }),
  progress: (id: string, state: T.Progress) => post<unknown>('/tasks' + idPath(id) + '/progress', { state }),
  withdraw: (id: string, reason: T.TextIn) => post<unknown>('/tasks' + idPath(id) + '/withdraw', { reason }),
};

export type NewDecision = Sends<
  'decision',
  {
    title: T.TextIn;
    incident?: string;
    options: { title: T.TextIn; for?: T.TextIn; against?: T.TextIn }[];
    chosen: string;
    authority: string;
    reasons: T.TextIn;
    label: T.Label;
  }
>;
export const decisions = {
  page: (before?: string, limit = 50) => get<Page<T.RecordView<T.Decision>>>('/decisions' + query({ limit, before })),
  record: (decision: NewDecision) => post<unknown>('/decisions', decision),
};

export const handovers = {
  draft: () => get<T.OpenWork>('/handovers/draft'),
  page: (before?: string) => get<Page<T.RecordView<T.Handover>>>('/handovers' + query({ limit: 10, before })),
  write: (label: T.Label, remarks?: T.TextIn) => post<unknown>('/handovers', { label, remarks }),
  sign: (id: string) => post<unknown>('/handovers' + idPath(id) + '/sign'),
};

export const picture = {
  hazards: () => list<T.RecordView<T.Hazard>>('/hazards'),
  areas: () => everyPage<T.RecordView<T.Area>>('/areas'),
  positions: () => list<T.RecordView<T.Position>>('/positions'),
  /** Newest first; `before` is the page's `next`. */
  positionPage: (limit: number, before?: string) => get<Items<T.RecordView<T.Position>>>('/positions' + query({ limit, before })),
  sites: () => everyPage<T.RecordView<T.Site>>('/sites'),
  units: () => everyPage<T.RecordView<T.Unit>>('/units'),
  headquarters: () => everyPage<T.RecordView<T.Headquarters>>('/headquarters'),
};

/** Lists to the last line, for what is printed or taken out. */
export const whole = {
  requests: () => list<T.RequestView>('/requests'),
  log: () => everyPage<T.RecordView<T.LogEntry>>('/log-entries'),
  decisions: () => everyPage<T.RecordView<T.Decision>>('/decisions'),
};

export type NewSignature = Sends<
  'signature',
  { phase: string; nations: string[]; options: Record<string, string>; effective?: string; reason?: T.TextIn; label?: T.Label }
>;
const base64 = (file: File): Promise<string> =>
  new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(',')[1] ?? '');
    reader.onerror = () => fail(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
/** How a file is read: what a scenario's tree means, the nation of each side, how CSV is written. */
export type FileReading = { hierarchy: string; sides: Record<string, string>; encoding: 'utf-8' | 'shift_jis' };
export const plans = {
  all: () => list<T.PlanView>('/plans'),
  approve: (id: string, given: NewSignature) => post<T.PlanView>('/plans' + idPath(id) + '/approve', given),
  takeBack: (approval: string, reason: T.TextIn) => post<unknown>('/plan-approvals' + idPath(approval) + '/take-back', { reason }),
  routes: (wanted: string, nation: string, on: string) => list<T.Route>('/command/routes' + query({ function: wanted, nation, on })),
  packaged: async (name: 'reference' | 'example') => (await get<{ plan: T.PlanDocument }>('/plans/packaged' + query({ name }))).plan,
  /** A plan on record, and what is recorded here without any plan: both to be checked as they stand today. */
  onRecord: async (id: string) => (await get<{ plan: T.PlanDocument }>('/plans' + idPath(id) + '/document')).plan,
  recorded: async (title: T.PlanDocument['title'], start: string): Promise<T.PlanDocument> => ({ title, start, structure: (await get<{ structure: object }>('/structure')).structure }),
  read: async (file: File, how: FileReading) => ask<{ plan: T.PlanDocument; leftOut: T.LeftOut[] }>('/plans/read', { name: file.name, content: await base64(file), ...how }),
  words: async () => (await get<{ words: T.PlanWords }>('/plans/words')).words,
  /** Nothing is kept of these: they are questions, asked now. */
  check: async (plan: T.PlanDocument) => (await ask<{ report: T.PlanReport }>('/plans/check', { plan })).report,
  diff: async (plan: T.PlanDocument, branch: string, at: string) => (await ask<{ lines: T.Difference[] }>('/plans/diff', { plan, one: { branch }, other: { branch, at } })).lines,
  at: async (plan: T.PlanDocument, branch: string, at: string) => (await ask<{ facts: T.Fact[] }>('/plans/at', { plan, moment: { branch, at } })).facts,
  mine: () => get<{ functions: string[] }>('/command/mine'),
};

/** Decision paths: nothing is kept of these either. */
export const paths = {
  packaged: async (name: 'reference' | 'example') => (await get<{ description: T.PathDescription }>('/paths/packaged' + query({ name }))).description,
  read: async (text: string, form: 'toml' | 'json') => (await ask<{ description: T.PathDescription }>('/paths/read', { text, form })).description,
  view: (description: T.PathDescription) => ask<T.PathsView>('/paths/view', { description }),
  /** With `log` the node takes the times of measured steps from its own log. */
  simulate: (description: T.PathDescription, { seed, runs, requests, log }: { seed: number; runs: number; requests: number; log: boolean }) =>
    ask<T.PathSimulation>('/paths/simulate', { description, seed, runs, requests, from_log: log }),
};

export const command = {
  everything: async (): Promise<T.Everything> => {
    const [units, relations, strengths, sites] = await Promise.all([
      everyPage<T.RecordView<T.Unit>>('/units'),
      everyPage<T.RecordView<T.Relation>>('/relations'),
      everyPage<T.RecordView<T.Strength>>('/strengths'),
      everyPage<T.RecordView<T.Site>>('/sites'),
    ]);
    return { units, relations, strengths, sites };
  },
  /** Posts of that day, and who is on duty now if it is today. */
  duty: (on: string) => get<T.OnDuty>('/command/duty' + query({ on })),
};

const of = (id: string, what: string): string => '/records' + idPath(id) + what;
/** Release: who gets what and why, review, recall.  Decisions are made now or not at all (`NOW_OR_NEVER`). */
export const release = {
  preview: (id: string, hq: string) => get<T.Preview>(of(id, '/release') + path(hq)),
  departures: (id: string) => list<T.Departure>(of(id, '/departures')),
  visibility: (id: string, account?: string) => get<T.Visibility>(of(id, '/visibility') + query({ account })),
  audience: (label: T.Label, kind: string) => post<T.AudienceAnswer>('/release/audience', { label, kind }),
  queue: () => get<T.HeldQueue>('/release/queue'),
  returned: () => get<{ items: T.SentBack[]; total: number }>('/release/returned'),
  decide: (verdict: T.Verdict, reason: T.TextIn, items: readonly T.Held[]) =>
    post<unknown>('/release/decisions', { verdict, reason, items: items.map(({ id, version, partner }) => ({ record: id, version, partner })) }),
  /** What stayed and may go to a partner now: newest first, a page may be empty and still not the last. */
  stayed: (hq: string, before?: number) => get<T.StayedPage>(path('release', 'anew', hq) + query({ before })),
  anew: (partner: string, because: string, reason: T.TextIn, of: readonly T.Stayed[]) =>
    post<unknown>('/release/anew', { partner, because, reason, items: of.map(({ record }) => ({ record: record.record.id, version: record.record.version ?? 1 })) }),
  recalls: () => list<T.Recall>('/release/recalls'),
  recallsOf: (id: string) => list<T.Recall>(of(id, '/recalls')),
  recall: (id: string, reason: T.TextIn) => post<T.Recall[]>(of(id, '/recall'), { reason }),
  lift: (id: string, reason: T.TextIn) => post<T.Recall[]>(of(id, '/recall/lift'), { reason }),
  narrow: (id: string, label: T.Label) => post<T.Recall[]>(of(id, '/narrow'), { label }),
  pace: () => get<T.Pace>('/release/pace'),
  audit: () => get<T.AuditRun | null>('/release/audit'),
  runAudit: () => post<T.AuditRun>('/release/audit'),
  agreements: () => list<T.AgreementView>('/release/agreements'),
};
