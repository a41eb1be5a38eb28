// The stream's panels: rows by key in an order, and the one function that applies a change (docs/dashboard-api.md).
import type {
  AgentsLine,
  Delta,
  Doubt,
  Excuse,
  FeedFact,
  JourneyNow,
  Loop,
  Mark,
  Mode,
  Sentence,
  ServiceNow,
  Sources,
  Spark,
} from "../api/types.ts";

export interface Panels {
  readonly sentence: ReadonlyMap<string, Sentence>;
  readonly sources: ReadonlyMap<string, Sources>;
  readonly mode: ReadonlyMap<string, Mode>;
  readonly agents: ReadonlyMap<string, AgentsLine>;
  readonly detectors: ReadonlyMap<string, Readonly<Record<string, number>>>;
  readonly journeys: ReadonlyMap<string, JourneyNow>;
  readonly services: ReadonlyMap<string, ServiceNow>;
  readonly sparks: ReadonlyMap<string, Spark>;
  readonly loops: ReadonlyMap<string, Loop>;
  readonly feed: ReadonlyMap<string, FeedFact>;
  readonly marks: ReadonlyMap<string, Mark>;
  readonly excused: ReadonlyMap<string, Excuse>;
  readonly doubts: ReadonlyMap<string, Doubt>;
}

export type PanelName = keyof Panels;
export type Change = Partial<Delta>;

/** Panels in which nothing is known yet. */
export const nothing: Panels = {
  sentence: new Map(),
  sources: new Map(),
  mode: new Map(),
  agents: new Map(),
  detectors: new Map(),
  journeys: new Map(),
  services: new Map(),
  sparks: new Map(),
  loops: new Map(),
  feed: new Map(),
  marks: new Map(),
  excused: new Map(),
  doubts: new Map(),
};

/** Return the rows after a change: removals, then new and changed rows, then the order. */
export function changed<T>(rows: ReadonlyMap<string, T>, change: Change): ReadonlyMap<string, T> {
  const next = new Map(rows);
  for (const key of change.remove ?? []) next.delete(key);
  for (const [key, row] of Object.entries(change.set ?? {})) next.set(key, row as T);
  if (!change.order) return next;
  const ordered = new Map<string, T>();
  for (const key of change.order) {
    const row = next.get(key);
    if (row !== undefined) ordered.set(key, row);
  }
  return ordered;
}

/** Return the panels after an event; a `reset` forgets what was there. */
export function after(panels: Panels, event: string, changes: Readonly<Record<string, Change>>): Panels {
  const next: Record<string, ReadonlyMap<string, unknown>> = { ...(event === "reset" ? nothing : panels) };
  for (const [name, change] of Object.entries(changes)) {
    const rows = next[name];
    if (rows) next[name] = changed(rows, change);
  }
  return next as unknown as Panels;
}

/** Return all panels as the changes of a `reset`. */
export function whole(panels: Panels): Readonly<Record<string, Change>> {
  const rows = Object.entries(panels) as [string, ReadonlyMap<string, unknown>][];
  return Object.fromEntries(rows.map(([name, map]) => [name, { set: Object.fromEntries(map), order: [...map.keys()] }]));
}
