/**
 * The shapes of the node's answers (/api/v1).  Envelopes are camelCase; the bodies of records keep
 * the field names of the record structs.  A record leaves out fields that have their default value,
 * and portions above the reader's clearance are cut, so every text may be absent.
 */

export type Lang = 'en' | 'ja';
export type Names = { en: string; ja: string };

export type Category = { tag: string; type: 'restrictive' | 'permissive' | 'informative'; values: string[] };
export type Label = { policy: string; classification: string; categories?: Category[] };
export type Marking = { en: string; ja: string; colour: string; portion: string };

export type Translation = { lang: Lang; text: string; by: string; reviewed?: boolean };
export type Text = { text: string; lang: Lang; translations?: Translation[]; label?: Label };
export type TextIn = { text: string; lang: Lang; label?: Label };

export type LinkState = 'up' | 'connecting' | 'down' | 'off';

export interface RecordBase {
  kind: string;
  id: string;
  version?: number;
  realm?: string;
  label: Label;
  at: string;
  by: string;
}

export type Freshness = { from: string; ageSeconds: number; link: LinkState | null };

export interface RecordView<R extends RecordBase = RecordBase> {
  record: R;
  marking: Marking;
  source: string;
  at: string;
  loggedAt: string;
  freshness: Freshness;
  cut: number;
}

// Session and node

export type Me = {
  account: string;
  post: string;
  postJa: string;
  roles: string[];
  permissions: string[];
  hq: string;
};

export type LogState = { name: string; size: number; sealed: number };
export type ViewState = { source: string; position: number; size: number; lag: number };
export type NodeState = {
  hq: string;
  names: Names;
  realm: string;
  version: string;
  now: string;
  dtg: string;
  policy: { id: string; name: string };
  logs: LogState[];
  views: ViewState[];
  uptimeSeconds: number;
};

export type Link = {
  state: LinkState;
  since: string | null;
  lastHeard: string | null;
  lastError: string | null;
  attempts: number;
  nextTryAt: string | null;
};
export type Partner = {
  hq: string;
  names: Names;
  link: Link;
  out: { logged: number; sent: number; received: number; oldestUnreceivedAt: string | null };
  in: { received: number; checkpointSize: number; lastAt: string | null };
  evidence: number;
};
export type QueueRow = { seq: number; kind: string; at: string; state: 'unsent' | 'sent' | 'received' };

export type AuditRow = {
  at: string;
  account: string;
  post: string;
  action: string;
  object: string;
  outcome: 'done' | 'refused';
  why: string;
  expected: string;
  came: string;
};

// Labels

export type Classification = { name: string; rank: number; marking: Names; colour: string };
export type Tag = { tag: string; type: Category['type']; values: { value: string; marking: Names }[] };
export type Policy = {
  policy: string;
  classifications: Classification[];
  tags: Tag[];
  suggestions: { name: Names; label: Label }[];
};
export type Audience = { hq: string; outcome: 'released' | 'withheld'; reason: string };
export type LabelCheck = { marking: Marking; audience: Audience[]; readable: boolean };
export type Release = Audience & { state: QueueRow['state'] | null };

// Coordination

export type Severity = 'minor' | 'moderate' | 'severe' | 'extreme';
export type Priority = 'routine' | 'priority' | 'immediate' | 'flash';
export type Outcome = 'full' | 'partial' | 'declined';
export type Progress = 'planned' | 'under way' | 'done' | 'cancelled';
export type TaskOutcome = 'accepted' | 'partly accepted' | 'declined';
export type Channel = 'voice' | 'message' | 'face to face' | 'system';

export interface Incident extends RecordBase {
  severity: Severity;
  opened_at: string;
  title?: Text | null;
  summary?: Text | null;
  status?: 'open' | 'closed';
  hazards?: string[];
  closed_at?: string | null;
  reason?: Text | null;
}
export type Item = { what: string; quantity: number; unit?: string; where?: string; label?: Label };
export interface Request extends RecordBase {
  to: string;
  asked_at: string;
  acknowledge_by: string;
  answer_by: string;
  priority?: Priority;
  title?: Text | null;
  need?: Text | null;
  items?: Item[];
  incident?: string | null;
  withdrawn?: boolean;
  reason?: Text | null;
}
export interface Acknowledgement extends RecordBase {
  about?: string | null;
  note?: Text | null;
}
export type Offer = {
  what: string;
  quantity: number;
  unit?: string;
  from_place?: string;
  available_from?: string | null;
  available_until?: string | null;
  label?: Label;
};
export interface Answer extends RecordBase {
  outcome: Outcome;
  request?: string | null;
  reason?: Text | null;
  offers?: Offer[];
  review_at?: string | null;
}
export interface Commitment extends RecordBase {
  what: string;
  quantity: number;
  unit?: string;
  state?: Progress;
  quantity_done?: number;
  request?: string | null;
  answer?: string | null;
  from_site?: string | null;
  from_place?: string;
  available_from?: string | null;
  available_until?: string | null;
  note?: Text | null;
}
export interface Task extends RecordBase {
  to: string;
  set_at: string;
  title?: Text | null;
  detail?: Text | null;
  assignee?: string;
  due?: string | null;
  incident?: string | null;
  request?: string | null;
  withdrawn?: boolean;
  reason?: Text | null;
}
export interface TaskReport extends RecordBase {
  outcome: TaskOutcome;
  task?: string | null;
  progress?: Progress;
  reason?: Text | null;
  note?: Text | null;
}
export interface LogEntry extends RecordBase {
  happened_at: string;
  text?: Text | null;
  channel?: Channel;
  from_post?: string;
  to_post?: string;
  priority?: Priority;
  significant?: boolean;
  incident?: string | null;
  request?: string | null;
  links?: string[];
  corrects?: string | null;
}
export type Option = { key: string; title?: Text | null; for?: Text | null; against?: Text | null; label?: Label };
export interface Decision extends RecordBase {
  decided_at: string;
  title?: Text | null;
  options?: Option[];
  chosen?: string;
  authority?: string;
  reasons?: Text | null;
  incident?: string | null;
  request?: string | null;
}

/** Quantities of one thing in one unit: asked for, promised and not cancelled, delivered. */
export type Sum = { what: string; unit: string; asked: number; offered: number; done: number };
export type Delivery = {
  loggedAt: string | null;
  sentAt: string | null;
  receivedAt: string | null;
  readAt: string | null;
};
export type Overdue = 'acknowledge' | 'answer' | 'review';
export type CommitmentView = { commitment: RecordView<Commitment>; actions?: string[] };
export type RequestView = {
  request: RecordView<Request>;
  state: string;
  overdue: Overdue | null;
  holder: string;
  delivery: Delivery;
  acknowledgement: RecordView<Acknowledgement> | null;
  answers: RecordView<Answer>[];
  commitments: CommitmentView[];
  fulfilled: Sum[];
  actions: string[];
};
export type TaskView = {
  task: RecordView<Task>;
  state: string;
  overdue: boolean;
  report: RecordView<TaskReport> | null;
  actions: string[];
};
export type IncidentView = {
  incident: RecordView<Incident>;
  requests: RequestView[];
  log: RecordView<LogEntry>[];
  tasks: TaskView[];
  decisions: RecordView<Decision>[];
};

// Picture and command

export type Point = { type: 'Point'; coordinates: number[] };
export type Geometry =
  | Point
  | { type: 'MultiPoint' | 'LineString'; coordinates: number[][] }
  | { type: 'MultiLineString' | 'Polygon'; coordinates: number[][][] }
  | { type: 'MultiPolygon'; coordinates: number[][][][] }
  | { type: 'GeometryCollection'; geometries: Geometry[] };

export type HazardArea = {
  code: string;
  name_ja?: string;
  name_en?: string;
  category_code?: string;
  category_ja?: string;
  category_en?: string;
  severity?: Severity | 'unknown';
  height_m?: number | null;
  height_ja?: string;
  arrival?: string | null;
  arrival_note_ja?: string;
  arrival_note_en?: string;
};
export type Hypocentre = {
  point: Point;
  depth_km?: number | null;
  name_ja?: string;
  name_en?: string;
  relative_ja?: string;
  origin?: string | null;
};
export interface Hazard extends RecordBase {
  authority: string;
  event: string;
  type: 'tsunami' | 'earthquake';
  severity: Severity | 'unknown';
  issued_at: string;
  status?: 'in force' | 'cancelled';
  exercise?: boolean;
  headline?: Text | null;
  comment?: Text | null;
  areas?: HazardArea[];
  hypocentre?: Hypocentre | null;
  magnitude?: number | null;
  magnitude_ja?: string;
  max_intensity?: string;
  valid_until?: string | null;
  source_title_ja?: string;
  geometry?: Geometry | null;
  approximate?: boolean;
  modified_from_source?: string;
}
export interface Position extends RecordBase {
  observed_at: string;
  geometry: Point;
  name?: string;
  name_ja?: string;
}
export interface Area extends RecordBase {
  geometry: Geometry;
  purpose: string;
  name?: Text | null;
}
export interface Site extends RecordBase {
  names: Partial<Names>;
  code: string;
  nation: string;
  service: string;
  site_type: string;
  geometry: Point;
}
