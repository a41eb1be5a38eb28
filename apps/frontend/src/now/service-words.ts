// What a service's row says beside its shape.
import type { ServiceNow } from "../api/types.ts";
import { many } from "../words/numbers.ts";
import { wordOf } from "../words/states.ts";

/** The failing detector in words, else why its state is what it is, else the state. */
export function serviceWords(row: Pick<ServiceNow, "state" | "why" | "detector" | "detectors" | "restarts">): string {
  const others = row.state === "well" ? 0 : row.detectors.filter((one) => one.state === "failing" || one.state === "degraded").length - 1;
  const more = others > 0 ? `, and ${others} more` : "";
  const words = row.state === "well" ? row.why : row.detector?.text || row.why;
  const restarts = row.restarts ? `, ${many(row.restarts, "restart")}` : "";
  return (words || wordOf(row.state)) + more + restarts;
}
