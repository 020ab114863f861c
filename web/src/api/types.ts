/**
 * The shapes of the node's answers, by the names the client uses.  Everything comes from the node's own
 * description (`npm run types`); here only records in answers are told apart by kind, which that
 * description leaves open.  A record leaves out fields that have their default value, and portions above
 * the reader's clearance are cut, so every text may be absent.
 */
import type { components } from '../generated/schema';

type S = components['schemas'];

export type Lang = S['Text']['lang'];
export type Names = S['NamesOut'];
export type Category = S['Category'];
export type Label = S['Label'];
export type Marking = S['MarkingOut'];
export type Translation = S['Translation'];
export type Text = S['Text'];
export type TextIn = { text: string; lang: Lang; translations?: { lang: Lang; text: string; reviewed?: boolean }[] };
export type LinkState = S['LinkOut']['state'];
export type Freshness = S['Freshness'];

/** What every kind of record has. */
export type RecordBase = Pick<S['Incident'], 'id' | 'version' | 'realm' | 'label' | 'at' | 'by'> & { kind: string };
export type RecordView<R extends RecordBase = RecordBase> = Omit<S['RecordView'], 'record'> & { record: R };

// Session and node

export type Me = S['Me'];
export type Permission = S['Permission'];
export type NodeState = S['NodeOut'];
export type Link = S['LinkOut'];
export type Partner = S['PartnerOut'];
export type QueueRow = S['QueueRow'];
export type AuditRow = S['AuditRow'];

export type Token = S['TokenInfo'];
export type MintedToken = S['MintedToken'];
export type Account = S['AccountInfo'];
export type Role = Account['roles'][number];
export type Clearance = S['Clearance'];
export type NewAccount = S['AccountIn'];
export type AccountChange = S['AccountChange'];

// Labels

export type Classification = S['ClassificationOut'];
export type Policy = S['LabelsOut'];
export type Audience = S['Audience'];
export type LabelCheck = S['LabelCheck'];
export type LabelOfAll = S['LabelOfAll'];
export type Release = S['Release'];
export type Cut = S['Cut'];
export type Change = S['Change'];
export type Preview = S['PreviewOut'];
export type Imported = S['ImportedOut'];
export type Fingerprint = S['FingerprintOut'];
export type Departure = S['Departure'];
export type Visibility = S['Visibility'];
export type AudienceAnswer = S['AudienceOut'];
export type Held = Omit<S['release_HeldOut'], 'record'> & { record: RecordView };
export type ReviewPost = S['ReviewPost'];
export type HeldQueue = Omit<S['release_QueueOut'], 'items'> & { items: Held[] };
export type SentBack = Omit<S['ReturnedOut'], 'record'> & { record: RecordView };
export type Word = S['Word'];
export type Verdict = S['DecisionsIn']['verdict'];
export type Recall = S['RecallOut'];
export type Pace = Record<string, S['Spread']>;
export type AuditRun = S['AuditRun'];
export type Stayed = Omit<S['AnewOut'], 'record'> & { record: RecordView };
export type StayedPage = { items: Stayed[]; next: number | null };
export type AgreementView = S['AgreementOut'];

// Coordination

export type Incident = S['Incident'];
export type PolicyChange = S['PolicyChange'];
export type Item = S['Item'];
export type Request = S['Request'];
export type Acknowledgement = S['Acknowledgement'];
export type Offer = S['Offer'];
export type Answer = S['Answer'];
export type Commitment = S['Commitment'];
export type Task = S['Task'];
export type TaskReport = S['TaskReport'];
export type LogEntry = S['LogEntry'];
export type Option = S['Option'];
export type Decision = S['Decision'];

export type Severity = Incident['severity'];
export type Priority = NonNullable<Request['priority']>;
export type Outcome = Answer['outcome'];
export type Progress = NonNullable<Commitment['state']>;
export type TaskOutcome = TaskReport['outcome'];
export type Channel = NonNullable<LogEntry['channel']>;
export type State = S['RequestOut']['state'];
export type Overdue = NonNullable<S['RequestOut']['overdue']>;
export type Sum = S['Sum'];
export type Delivery = S['DeliveryOut'];

export type CommitmentView = Omit<S['CommitmentView'], 'commitment'> & { commitment: RecordView<Commitment> };
export type RequestView = Omit<S['RequestOut'], 'request' | 'acknowledgement' | 'answers' | 'commitments'> & {
  request: RecordView<Request>;
  acknowledgement: RecordView<Acknowledgement> | null;
  answers: RecordView<Answer>[];
  commitments: CommitmentView[];
};
/** A request as one line of a board, with its label and marking beside it. */
export type Row = Omit<S['RequestRow'], 'label'> & { label: Label; marking: Marking };
export type RowsAnswer = S['RowsOut'];
export type OpenItem = S['OpenItem'];
export type Handover = S['Handover'];
export type OpenWork = Omit<S['OpenWorkOut'], 'significant'> & { significant: RecordView<LogEntry>[] };
export type TaskView = Omit<S['TaskOut'], 'task' | 'report' | 'acknowledgement'> & {
  task: RecordView<Task>;
  report: RecordView<TaskReport> | null;
};
export type IncidentView = {
  incident: RecordView<Incident>;
  requests: RequestView[];
  log: RecordView<LogEntry>[];
  tasks: TaskView[];
  decisions: RecordView<Decision>[];
};

// Picture and command

export type Hazard = S['Hazard'];
export type HazardArea = S['HazardArea'];
export type Position = S['Position'];
export type Area = S['Area'];
export type Site = S['renkei.rooms.command.records.Site'];
export type Unit = S['renkei.rooms.command.records.Unit'];
export type Headquarters = S['Headquarters'];
export type Relation = S['renkei.rooms.command.records.Relation'];
export type Strength = S['renkei.rooms.command.records.Strength'];
/** A post with what it answers for, and whether somebody is there. */
export type DutyPost = S['DutyPost'];
export type OnDuty = S['OnDuty'];
export type Everything = { units: RecordView<Unit>[]; relations: RecordView<Relation>[]; strengths: RecordView<Strength>[]; sites: RecordView<Site>[] };
/** A change of a plan, and what it is about: facts, told apart from the room's records of the same names. */
export type AnyChange = S['Add'] | S['End'] | S['Amend'];
export type PlanRecord = S['PlanRecord'];
export type PlanView = Omit<S['PlanOut'], 'plan'> & { plan: RecordView<PlanRecord> };
export type Part = S['PartOut'];
export type Route = S['RouteOut'];
/** A plan as a document; only what the client shows of it is told apart. */
export type PlanDocument = {
  title: { en?: string; ja?: string };
  start: string;
  synthetic?: boolean;
  structure?: object;
  phases?: { key: string; names: { en?: string; ja?: string } }[];
  changes?: { key: string; phase: string; note?: string }[];
};
export type Moment = { day: string; step?: number; phase?: string };
export type Finding = {
  problem: string;
  where: string[];
  outcome: 'refuted' | 'unknown';
  facts: [string, string][];
  figures: Record<string, number | string>;
  since: Moment;
  until: Moment | null;
  branches: string[];
  depends_on?: string[];
  cause?: { changes: string[]; how: string };
  repair?: { step: string; cost: number; change?: string; to?: string; at?: Moment; fact?: Fact };
};
export type Result = { rule: string; check: string; names: { en?: string; ja?: string }; source: string; outcome: 'proved' | 'refuted' | 'unknown'; decided: number; findings: Finding[] };
export type PlanReport = { title: PlanDocument['title']; outcome: Result['outcome']; moments: Moment[]; branches: string[]; results: Result[]; explained: number };
export type Difference = { word: string; kind: string; key: string; fields?: Record<string, [unknown, unknown]>; before?: Fact; after?: Fact };
/** A fact of a structure, as far as it is drawn. */
export type Fact = { kind: string; code?: string; key?: string; names?: { en?: string; ja?: string }; nation?: string; relation?: string; subject?: string; object?: string; unit?: string; function?: string; part?: string; figure?: number | string };
/** What of a file there was no place for. */
export type LeftOut = { what: string; why: string; count: number; where: string };
export type PlanWords = Record<string, Record<string, { en?: string; ja?: string }>>;
/** A description of decision paths as a document. */
type BothNames = { en: string; ja: string };
export type PathStep = {
  key: string;
  post: string;
  work: { mean: number; spread?: string; cv?: number; basis?: 'assumption' | 'fitted' };
  after?: string[];
  hop?: number;
  back?: number;
  to?: string;
  stand_in?: string[];
  activity?: 'handling' | 'translation' | 'review' | 'decision';
  name?: BothNames | null;
};
export type PathPost = {
  key: string;
  name: BothNames;
  officers?: number;
  nation?: string;
  duty?: 'always' | { days: number[]; from: string; to: string; utc_offset: number };
  zone?: string;
  off?: string[];
  unit?: BothNames | null;
  site?: { name: BothNames; lat: number; lon: number } | null;
  source?: string;
};
export type PathStructure = { posts: PathPost[]; paths: Record<string, PathStep[]> };
export type PathDescription = { title: BothNames; kinds: { key: string; name: BothNames; per_day: number; priority?: number }[]; today: PathStructure; proposed: PathStructure; synthetic?: boolean };
export type PathsView = S['Paths'];
export type PathView = S['PathView'];
export type PathWatch = S['Watch'];
export type PathSimulation = S['Simulation'];
export type PathComparison = S['Comparison'];
export type PathDifference = S['Difference'];
export type PathDistribution = S['Distribution'];
export type PathStand = S['Stand'];
export type Geometry = NonNullable<Hazard['geometry']>;

/** What the node takes, for checking what the forms send. */
export type Input<Name extends keyof S> = S[Name];
