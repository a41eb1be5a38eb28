// Made by tools/page_types.py from the dashboard's OpenAPI document; do not edit.

/** One agent: `text` as in "looked 0.4 s ago", "ready", "blocked: its clock is wrong". */
export interface AgentNow {
  readonly name: string;
  readonly state: State;
  readonly text: string;
  readonly at: number | null;
}

/** The quiet line while nothing is open; `last` is the last incident that ended. */
export interface AgentsLine {
  readonly text: string;
  readonly agents: readonly AgentNow[];
  readonly last: number | null;
}

/** The chart of the first concerned journey around the incident; empty columns with `why` when nothing is kept. */
export interface BeforeAfter {
  readonly of: string;
  readonly shows: string;
  readonly since: number;
  readonly until: number;
  readonly resolution_s: number;
  readonly times: readonly number[];
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
  readonly why: string;
}

/** One burn-rate alert: it fires while its long and its short window burn faster than `factor`. */
export interface Burn {
  /** the long window in words: "1 h", "6 h", "3 d" */
  readonly window: string;
  readonly window_s: number;
  readonly short_s: number;
  readonly factor: number;
  /** the lower burn rate of the two windows; null: no attempts in them */
  readonly rate: number | null;
  readonly firing: boolean;
  /** false: it cannot judge now */
  readonly judges: boolean;
  /** what is missing for it, as in "41 min of 6 h of data" */
  readonly why: string;
}

/** One step of the causal chain, the cause first. `checked`: every evidence id that it cites exists. */
export interface ChainLink {
  readonly claim: string;
  readonly checked: boolean;
  readonly evidence: readonly string[];
}

/** Where a number of a sentence comes from: a fact of an incident (its `seq`), or Scout's report. */
export interface Cite {
  /** as in "fact 3 of incident 7" or "Scout's report of 12:03:07 UTC" */
  readonly text: string;
  readonly incident: number | null;
  readonly seq: number | null;
}

/** The people of a service. */
export interface Contact {
  readonly service: string;
  readonly owner: string;
  readonly runbook: string;
}

/** The newest decision: the exact change, every rule, the way back, its expiry, and whether you may. */
export interface DecisionNow {
  readonly seq: number;
  readonly at: number;
  readonly attempt: number;
  readonly verdict: string;
  /** RESTART SET-CONFIG REVERT SCALE ESCALATE */
  readonly remedy: string;
  readonly command: string;
  readonly service: string;
  readonly reason: string;
  readonly edits: readonly Edit[];
  readonly rules: readonly Rule[];
  readonly refused: number;
  /** in words; "none, because a restart cannot be undone" */
  readonly way_back: string;
  readonly expires: number;
  /** true while it waits for a person */
  readonly waits: boolean;
  readonly plan: string;
  readonly incarnation: string;
  /** the remedy in words: "Restart checkout" */
  readonly deed: string;
  readonly you: You;
}

/** What changed in one panel. Rows are by key; `order` is given when it changed, as the whole list of keys. A panel that is one value (`sentence`, `sources`, `mode`, `agents`, `detectors`) has the single key "". */
export interface Delta {
  /** rows that are new or changed, whole */
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  readonly order: readonly string[] | null;
}

/** A detector that says nothing: "not judged, because". */
export interface Doubt {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly operation: string;
  readonly state: State;
  readonly because: string;
  readonly since: number | null;
  readonly until: number | null;
}

/** The calls of one service to another. `seen` false: declared in the configuration, not seen in the sample. */
export interface Edge {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  readonly errors: number;
  readonly p95_s: number | null;
  readonly seen: boolean;
}

/** One key of desired state that is changed; `old` or `new` null: the key was, or will be, absent. */
export interface Edit {
  readonly file: string;
  readonly key: string;
  readonly old: string | null;
  readonly new: string | null;
}

/** The data of `reset` (all panels, whole) and of `delta` (only the panels that changed). */
export interface Event {
  readonly at: number;
  readonly panels: Readonly<Record<string, Delta>>;
}

/** One observation; `opens` says which viewer shows it: trace, log, metric, probe, runtime, change or "" (text). */
export interface EvidenceItem {
  readonly id: string;
  readonly statement: string;
  readonly opens: string;
  readonly trace_id: string;
  readonly span_id: string;
}

/** What is excused: an inhibition. `until` null: open end. */
export interface Excuse {
  readonly id: string;
  readonly since: number;
  readonly until: number | null;
  readonly services: readonly string[];
  readonly because: string;
}

/** The values of each filter with their counts, over all incidents. */
export interface Facets {
  readonly state: Readonly<Record<string, number>>;
  readonly service: Readonly<Record<string, number>>;
  readonly kind: Readonly<Record<string, number>>;
  readonly verdict: Readonly<Record<string, number>>;
  readonly remedy: Readonly<Record<string, number>>;
}

/** One accepted fact with the check of its signature; `html` is sanitized, `markdown` is what `copy` copies. */
export interface FactRow {
  readonly seq: number;
  readonly step: string;
  readonly agent: string;
  readonly at: number;
  readonly after_s: number;
  readonly attempt: number;
  readonly text: string;
  readonly html: string;
  readonly markdown: string;
  readonly signature_ok: boolean;
  /** it names the hash of the fact before it */
  readonly chained: boolean;
  readonly key: string;
  readonly digest: string;
}

/** A detector that is not OK, named in the row of its service or journey. */
export interface FailingDetector {
  readonly kind: string;
  readonly operation: string;
  readonly state: State;
  /** as in "down 4 s: no connection" */
  readonly text: string;
  readonly since: number | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly baseline: number | null;
  /** `1` (a share), `s` or `x` (times) */
  readonly unit: string;
}

/** One fact or order on the feed, newest first. `after_s` counts from the incident's first symptom. */
export interface FeedFact {
  /** `<issue>/<comment>`, unique */
  readonly id: string;
  readonly incident: number;
  /** null: an order of a person */
  readonly seq: number | null;
  readonly step: string;
  /** scout brain fixer memory, or the person */
  readonly agent: string;
  readonly at: number;
  readonly after_s: number | null;
  readonly text: string;
  readonly attempt: number;
  readonly state: State;
}

/** The answer first. */
export interface FourAnswers {
  readonly wrong: Question;
  readonly why: Question;
  readonly done: Question;
  readonly over: Question;
}

/** A time without values. `why`: `blind`, or `none` (no report was received: nobody knows). */
export interface Gap {
  readonly since: number;
  readonly until: number;
  readonly why: string;
}

/** A hold: people work on `services` (empty: on everything). */
export interface HoldRow {
  readonly services: readonly string[];
  readonly everything: boolean;
  readonly since: number;
  readonly until: number;
  readonly reason: string;
  readonly by: string;
  /** where it is written, as in `issue 12` or `a maintenance window` */
  readonly source: string;
  /** the issue that `release` names; null: only the configuration ends it */
  readonly issue: number | null;
  /** the order that `release` names too, where its issue has several holds */
  readonly order: number | null;
  readonly text: string;
}

/** The whole view of one incident. */
export interface IncidentAnswer {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly number: number;
  readonly ulid: string;
  readonly title: string;
  readonly kind: string;
  readonly services: readonly string[];
  readonly state: State;
  readonly is_open: boolean;
  /** in a word: detected, deciding, "waits for a person", acting, verifying, healed ... */
  readonly phase: string;
  readonly since: number;
  readonly opened: number;
  readonly ended: number | null;
  readonly url: string;
  readonly labels: readonly string[];
  readonly answers: FourAnswers;
  readonly loop: Loop;
  readonly moments: readonly Moment[];
  readonly lanes: readonly Lane[];
  readonly chart: BeforeAfter;
  readonly chain: readonly ChainLink[];
  /** why the chain is missing or short */
  readonly chain_why: string;
  readonly evidence: readonly EvidenceItem[];
  readonly decision: DecisionNow | null;
  readonly trials: readonly TrialRow[];
  readonly others: readonly OtherCause[];
  readonly others_why: string;
  readonly seen_before: readonly SeenBefore[];
  readonly seen_before_why: string;
  readonly changes: readonly Mark[];
  readonly changes_why: string;
  readonly snapshot: readonly ServiceThen[];
  readonly facts: readonly FactRow[];
  readonly void: readonly VoidRow[];
  readonly orders: readonly OrderRow[];
  readonly frozen: string;
  readonly contacts: readonly Contact[];
  readonly postmortem: Postmortem | null;
  readonly kept: Kept;
  /** the whole story as Markdown, for Copy as Markdown */
  readonly markdown: string;
}

/** One incident in the list. */
export interface IncidentRow {
  readonly number: number;
  readonly ulid: string;
  readonly title: string;
  readonly state: State;
  readonly is_open: boolean;
  readonly opened: number;
  /** from the first symptom to the measured recovery; null: not over */
  readonly lasted_s: number | null;
  readonly kind: string;
  readonly services: readonly string[];
  readonly cause: string;
  readonly verdict: string;
  /** RESTART SET-CONFIG REVERT SCALE ESCALATE, or empty before a decision */
  readonly remedy: string;
  readonly done: string;
  readonly outcome: string;
  /** a person was asked */
  readonly asked: boolean;
  readonly undone: boolean;
  /** attempts of customers that failed; null: not measured */
  readonly failed_attempts: number | null;
  /** who acted: `agents`, a person's name, or empty */
  readonly by: string;
  readonly owner: string;
  readonly recurred_in: number | null;
}

/** A page of the list, newest first; `next` is the cursor of the next page (null: the last one). */
export interface Incidents {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly incidents: readonly IncidentRow[];
  readonly matching: number;
  readonly total: number;
  readonly facets: Facets;
  readonly week: Week;
  readonly next: number | null;
}

/** One journey. `shows` says which number is the large one: its conversion where it is declared, else its success. `value` is that number now; `floor` and `usual` are what it is compared with. */
export interface JourneyNow {
  readonly name: string;
  /** `conversion` or `success` */
  readonly shows: string;
  readonly state: State;
  /** why the state is not well, or why the value is unknown or not judged */
  readonly why: string;
  readonly value: number | null;
  /** since when those began whom `value` counts; null: not known */
  readonly value_since: number | null;
  readonly floor: number | null;
  /** the learnt baseline; null while learning */
  readonly usual: number | null;
  /** the band of what is usual, where it is known */
  readonly usual_low: number | null;
  readonly usual_high: number | null;
  /** when learning is expected to end, while the state is learning */
  readonly learnt_at: number | null;
  readonly since: number | null;
  /** attempts of the last minute; null: no report has counted them */
  readonly success: Share | null;
  readonly success_hour: Share | null;
  /** counts of the last hour; null: not declared, or not counted yet */
  readonly conversion: Steps | null;
  /** null: the journey promises nothing */
  readonly objective: Objective | null;
}

/** What is kept of the examined data: its bundle, or why it is gone. */
export interface Kept {
  readonly bundle: string;
  readonly kept: boolean;
  readonly why: string;
}

/** A bar of the lanes below the chart: who worked on which step from when to when. */
export interface Lane {
  readonly who: string;
  readonly step: string;
  readonly since: number;
  readonly until: number | null;
  readonly seq: number | null;
}

/** A lesson found by meaning, its incident verified on its issue. */
export interface LessonRow {
  readonly incident: number;
  readonly similarity: number;
  readonly text: string;
  readonly cause: string;
  readonly remedy: string;
  readonly helped: boolean;
}

/** The lessons nearest in meaning to a query. */
export interface Lessons {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly query: string;
  readonly lessons: readonly LessonRow[];
  /** why nothing was found, or Memory's index cannot be asked */
  readonly why: string;
}

/** The loop strip of one open incident. */
export interface Loop {
  readonly incident: number;
  readonly ulid: string;
  readonly title: string;
  readonly kind: string;
  readonly services: readonly string[];
  readonly state: State;
  /** the first symptom */
  readonly since: number;
  readonly opened: number;
  readonly attempt: number;
  readonly steps: readonly LoopStep[];
  /** "fixer: act", "a person", "the end of a hold (issue 12), until 14:00 UTC" */
  readonly waits_for: string;
  readonly waits_for_person: boolean;
  /** the plan that waits for approval, for `POST /orders`; "": none */
  readonly plan: string;
  readonly expires: number | null;
  readonly overdue_s: number | null;
  readonly progress: Progress | null;
  /** why its record cannot be trusted; "": it verifies */
  readonly frozen: string;
}

/** One step of the loop. `state`: done, doing, waits, skipped or later; `took_s` from the fact before it. */
export interface LoopStep {
  /** detect recall decide act verify conclude remember (confirm and undo where they are) */
  readonly step: string;
  readonly agent: string;
  readonly state: string;
  readonly at: number | null;
  readonly took_s: number | null;
  /** "CONFIRMED", "restart", "12 of 30 good attempts", "waits for a person" */
  readonly text: string;
  /** its deadline or expiry */
  readonly until: number | null;
}

/** A change or an action, marked on the chart. */
export interface Mark {
  readonly id: string;
  readonly at: number;
  /** `change` (a deployment), `action` (ours), `undo`, `detected`, `recovered` */
  readonly kind: string;
  readonly text: string;
  readonly services: readonly string[];
  readonly incident: number | null;
  readonly commit: string;
  /** what a change changed; only in the view of an incident */
  readonly diff: string;
}

/** The person whose token the request carries; `why` says why nobody may act with it. */
export interface Me {
  readonly name: string | null;
  readonly may: readonly ("approve" | "reject" | "halt" | "resume" | "hold" | "release")[];
  readonly why: string;
  /** false: this address answers reads only with a token */
  readonly reads: boolean;
  /** number of people who can act here; 0: add one with `sre-space operators add` */
  readonly operators: number;
}

/** What the agents may do now. `text` is the chip in the bar: "autonomous on 3", "HALTED", "HELD until 14:00". */
export interface Mode {
  readonly state: State;
  readonly text: string;
  /** null: not known */
  readonly halted: boolean | null;
  readonly dry_run: boolean;
  readonly holds: readonly HoldRow[];
  readonly autonomous: number;
  readonly approve: number;
  readonly observe: number;
}

/** A marked moment of the story; `after_s` from the first symptom. */
export interface Moment {
  /** `first symptom`, `detected`, `decided`, `acted`, `serving`, `verified`, `undone` ... */
  readonly name: string;
  readonly at: number;
  readonly after_s: number;
  readonly agent: string;
  readonly seq: number | null;
}

/** An order: which fields each verb needs stands in docs/dashboard-api.md, Acting. */
export interface NewOrder {
  readonly verb: "approve" | "reject" | "halt" | "resume" | "hold" | "release";
  /** approve, reject: the incident of the plan */
  readonly incident: number | null;
  /** approve, reject */
  readonly plan: string;
  /** hold: these; none for everything */
  readonly services: readonly string[];
  /** hold: for how long */
  readonly seconds: number | null;
  /** hold: why; halt and resume may have one */
  readonly reason: string;
  /** release: the hold's issue */
  readonly issue: number | null;
  /** release: the hold's order, where it has one */
  readonly order: number | null;
}

/** One service on the map; `configured` is false for one that only traces name: it is never judged. */
export interface Node {
  readonly name: string;
  readonly state: State;
  readonly configured: boolean;
  /** requests that it served in the sample */
  readonly calls: number;
  readonly errors: number;
  readonly incident: number | null;
}

/** The whole view; the stream sends the same panels (docs/dashboard-api.md, "The stream"). */
export interface Now {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly journeys: readonly JourneyNow[];
  readonly services: readonly ServiceNow[];
  /** services for which the report had no space */
  readonly services_left_out: number;
  readonly sparks: Readonly<Record<string, Spark>>;
  readonly loops: readonly Loop[];
  readonly agents: AgentsLine;
  readonly feed: readonly FeedFact[];
  readonly marks: readonly Mark[];
  readonly excused: readonly Excuse[];
  readonly doubts: readonly Doubt[];
  /** number of detectors by state */
  readonly detectors: Readonly<Record<string, number>>;
}

/** The journey's promise and what is left of its error budget of 30 days (`budget_left` < 0: overspent). */
export interface Objective {
  readonly slo: number;
  readonly budget_left: number | null;
  readonly burns: readonly Burn[];
  readonly state: State;
  readonly why: string;
}

/** An order of a person on this incident. */
export interface OrderRow {
  readonly verb: string;
  readonly plan: string;
  readonly by: string;
  readonly place: number;
}

/** What was signed, where it is recorded, by whom, and what happens now, in one sentence. */
export interface OrderTaken {
  readonly text: string;
  readonly by: string;
  readonly issue: number | null;
  readonly comment: number | null;
  /** false: a halt took effect although the forge was away */
  readonly recorded: boolean;
}

/** Why not another cause: its score, and what would settle it. */
export interface OtherCause {
  readonly service: string;
  readonly kind: string;
  readonly operation: string;
  readonly score: number;
  readonly evidence: readonly string[];
  readonly why_not: string;
  readonly settles: string;
}

/** The post-mortem, as sanitized HTML and as Markdown. */
export interface Postmortem {
  readonly html: string;
  readonly markdown: string;
  readonly mttd_s: number;
  readonly mttr_s: number;
}

/** One problem. `type` is `about:blank` or names the kind below `/problems/`; `detail` is a sentence for people. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** one sentence that names the thing and the remedy; may be shown as it is */
  readonly detail: string;
  readonly instance: string;
}

/** How far a verification is: of `needed` good visits in a row, `visits`; and the attempts since the action. */
export interface Progress {
  readonly good: number | null;
  readonly bad: number | null;
  readonly needed: number;
  readonly since: number;
  /** good visits in a row, as Scout counts them; null: not told */
  readonly visits: number | null;
}

/** One of the four answers: WHAT IS WRONG, WHY, WHAT WAS DONE, IS IT OVER. */
export interface Question {
  readonly text: string;
  readonly detail: string;
  readonly state: State;
}

/** The answer of one guardrail. */
export interface Rule {
  readonly rule: string;
  readonly allowed: boolean;
  readonly reason: string;
}

/** A remembered incident, its remedy, and whether that helped. */
export interface SeenBefore {
  readonly issue: number;
  readonly similarity: number;
  readonly cause: string;
  readonly remedy: string;
  readonly helped: boolean;
  readonly text: string;
  readonly said: string;
  readonly said_by: string;
}

/** The sentence at the top of a view, composed from facts and never by the page. */
export interface Sentence {
  /** the state that tints it, the tab's icon and its title */
  readonly state: State;
  /** the first line: what customers can or cannot do */
  readonly text: string;
  /** the second line: since when, of how many, why, what is being done */
  readonly detail: string;
  /** the title of the browser's tab, short */
  readonly title: string;
  /** since when this is so */
  readonly since: number | null;
  /** the incident to open, if there is one */
  readonly incident: number | null;
  readonly cites: readonly Cite[];
}

/** Columns of equal length for a chart: `times`, and each of `lines`; null is a gap and is never joined. `resolution_s` is the width of a point: 1 within the last hour, 60 within 14 days, a multiple of these otherwise. `kept_since`: before it nothing is kept. */
export interface Series {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  /** the journey or service */
  readonly of: string;
  readonly since: number;
  readonly until: number;
  readonly resolution_s: number;
  readonly times: readonly number[];
  /** journeys: value floor usual good bad asked bought; services: rate errors p95_s memory */
  readonly lines: Readonly<Record<string, readonly (number | null)[]>>;
  readonly gaps: readonly Gap[];
  readonly kept_since: number | null;
}

/** The map of [since, until), from `traces` sampled traces; filtered by the query, `hidden` counts the rest. */
export interface ServiceMap {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly since: number;
  readonly until: number;
  readonly traces: number;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly hidden: number;
  /** why the map has no calls, where it has none */
  readonly why: string;
}

/** One service; rows come sorted by impact. A number that is null is not known (never 0). */
export interface ServiceNow {
  readonly name: string;
  readonly state: State;
  /** the state in words; for unknown, why */
  readonly why: string;
  /** the detector that fires, or is the reason of the state */
  readonly detector: FailingDetector | null;
  /** all that are not OK */
  readonly detectors: readonly FailingDetector[];
  readonly since: number | null;
  /** sorts the rows: the larger the higher */
  readonly impact: number;
  /** requests per second */
  readonly rate: number | null;
  /** share of requests, 0 to 1 */
  readonly errors: number | null;
  readonly p95_s: number | null;
  readonly memory: number | null;
  readonly memory_limit: number | null;
  /** new processes since Scout watches; null: not known */
  readonly restarts: number | null;
  /** since when Scout counts restarts */
  readonly watched: number | null;
  readonly restarted: number | null;
  /** the runtime's word: running, exited ...; "": not known */
  readonly unit: string;
  readonly commit: string;
  readonly deployed: number | null;
  /** `observe`, `approve` or `autonomous` */
  readonly autonomy: string;
  /** the open incident that accuses it */
  readonly incident: number | null;
  readonly owner: string;
  readonly runbook: string;
}

/** A service when the incident was opened; null is not known. */
export interface ServiceThen {
  readonly service: string;
  readonly state: string;
  readonly since: number | null;
  readonly restarts: number | null;
  readonly memory: number | null;
  readonly memory_limit: number | null;
  readonly cpu: number | null;
  readonly rate: number | null;
  readonly errors: number | null;
  readonly p95_s: number | null;
  readonly commit: string;
  readonly lines: readonly string[];
}

/** A share of attempts: `good` of `good + bad` in [since, until), with its 95 % Wilson interval. */
export interface Share {
  readonly good: number;
  readonly bad: number;
  /** null: no attempts, UNKNOWN and not well */
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly since: number;
  readonly until: number;
}

/** One source of the answer. `age_s`: how old what it last said is (null: it has said nothing). */
export interface Source {
  /** live; stale; away (does not answer); never (yet); none (not configured) */
  readonly state: SourceState;
  readonly age_s: number | null;
  /** why it is not live, one sentence for people */
  readonly why: string;
}

/** How far a source can be relied on now. */
export type SourceState = "live" | "stale" | "away" | "never" | "none";

/** The sources of every answer; nothing of a source that is not live may be shown as live. */
export interface Sources {
  /** Scout's signed report, each second */
  readonly report: Source;
  /** the incidents' issues on the forge */
  readonly record: Source;
  /** the trace store */
  readonly traces: Source;
  /** the runtime's read-only list of units */
  readonly runtime: Source;
  /** the index of lessons */
  readonly memory: Source;
}

/** Which space this is. */
export interface Space {
  /** the space's name in the configuration */
  readonly name: string;
  readonly repository: string;
  /** prefix of a link to an issue on the forge's web page; "": it has none */
  readonly issues_url: string;
  /** Jaeger's page, linked only where it has one; "": use the API's traces */
  readonly jaeger_url: string;
}

/** One span's attributes, all as text that came from the application: data, never HTML. */
export interface SpanDetail {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly trace_id: string;
  readonly span_id: string;
  /** at most 128, each cut to 2,000 characters */
  readonly attributes: Readonly<Record<string, string>>;
}

/** One span; times in microseconds from the trace's start. `own_us` is self time, `critical` on the critical path. `depth` and the order of the rows are those of the tree; `children` counts the spans right below. */
export interface SpanRow {
  readonly id: string;
  readonly parent: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly start_us: number;
  readonly duration_us: number;
  readonly own_us: number;
  readonly depth: number;
  readonly children: number;
  readonly error: boolean;
  readonly message: string;
  readonly critical: boolean;
  readonly culprit: boolean;
}

/** A sparkline: requests per second, oldest first, `step_s` apart, ending at `until`; null is a gap. */
export interface Spark {
  readonly until: number;
  readonly step_s: number;
  readonly rate: readonly (number | null)[];
  readonly errors: readonly (number | null)[];
}

/** The states that the page shows, each with a shape of its own. */
export type State = "well" | "degraded" | "failing" | "acting" | "unknown" | "blind" | "learning" | "held" | "halted" | "excused";

/** The two steps of a conversion as counts over [since, until): how many took the first, how many of these both. */
export interface Steps {
  /** the first step's name in the configuration, as people read it */
  readonly first: string;
  readonly second: string;
  readonly asked: number;
  readonly bought: number;
  readonly share: number | null;
  readonly since: number;
  readonly until: number;
}

/** One trace in the list. */
export interface TraceRow {
  readonly trace_id: string;
  /** service and operation of its first span */
  readonly root: string;
  readonly at: number;
  readonly duration_s: number;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  /** the incident's facts cite it */
  readonly cited: boolean;
}

/** The traces of one incident. `source`: `store`, `bundle` or `gone`; `why` says so in words. */
export interface Traces {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly incident: number;
  readonly source: string;
  readonly why: string;
  readonly since: number;
  readonly until: number;
  readonly traces: readonly TraceRow[];
  readonly left_out: number;
}

/** One action with its verdict and its undo. */
export interface TrialRow {
  readonly command: string;
  readonly result: string;
  readonly detail: string;
  readonly before: string;
  readonly after: string;
  readonly outcome: string | null;
  readonly undone: string;
  readonly in_force: boolean;
  readonly at: number;
}

/** A comment that claims to be a fact or a command, and does not count. */
export interface VoidRow {
  readonly place: number;
  readonly reason: string;
}

/** One trace as a tree in rows, at most 20,000 (`left_out` counts the rest). */
export interface Waterfall {
  readonly at: number;
  readonly sentence: Sentence;
  readonly sources: Sources;
  readonly space: Space;
  readonly mode: Mode;
  readonly trace_id: string;
  readonly source: string;
  readonly why: string;
  readonly began: number;
  readonly duration_us: number;
  readonly services: readonly string[];
  readonly spans: readonly SpanRow[];
  readonly errors: number;
  readonly left_out: number;
}

/** The last seven days in one sentence and as numbers; `strip` has one entry a day, oldest first. */
export interface Week {
  readonly text: string;
  readonly since: number;
  readonly until: number;
  readonly incidents: number;
  readonly healed_alone: number;
  readonly asked: number;
  /** a remedy did not help, or the cause came back while its lesson was provisional */
  readonly wrong: number;
  readonly undone: number;
  readonly median_s: number | null;
  readonly strip: readonly number[];
  readonly markdown: string;
}

/** Whether the person with this request's token may do it, said before the click. */
export interface You {
  /** null: no token, or none that is known */
  readonly name: string | null;
  readonly may: boolean;
  /** "you are ada: you may approve", "no token was given", "it expired 3 min ago" */
  readonly why: string;
}
