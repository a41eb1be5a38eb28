// What a service's row says beside its shape.
import type { Loop, ServiceNow, State } from "../api/types.ts";
import { many } from "../words/numbers.ts";
import { wordOf } from "../words/states.ts";

/** The state that a row shows: while an incident that accuses the service is open, it is never shown as well. */
export function stateShown(row: Pick<ServiceNow, "state" | "incident">, loop: Pick<Loop, "state"> | undefined): State {
  if (row.state !== "well" || row.incident === null) return row.state;
  return loop?.state === "acting" ? "acting" : "degraded";
}

/** What the agents may not do to it alone. */
const BOUNDS: Readonly<Record<string, string>> = { approve: ", changes wait for a person", observe: ", the agents only watch" };

/** The failing detector in words, else why its state is what it is, else the state. */
export function serviceWords(row: Pick<ServiceNow, "state" | "why" | "detector" | "detectors" | "restarts" | "incident" | "autonomy">): string {
  const others = row.state === "well" ? 0 : row.detectors.filter((one) => one.state === "failing" || one.state === "degraded").length - 1;
  const more = others > 0 ? `, and ${others} more` : "";
  const words = row.state === "well" ? row.why || (row.incident === null ? "" : "no detector fires now, not over yet") : row.detector?.text || row.why;
  const restarts = row.restarts ? `, ${many(row.restarts, "restart")}` : "";
  const bound = BOUNDS[row.autonomy] ?? "";
  return (words || wordOf(row.state)) + more + restarts + bound;
}
