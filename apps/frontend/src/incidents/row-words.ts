// How an incident ended, in words.
import type { IncidentRow } from "../api/types.ts";

/** "recovered", "open", "asked a person", with what was undone or came back. */
export function outcomeWords(row: Pick<IncidentRow, "outcome" | "is_open" | "asked" | "undone" | "recurred_in">): string {
  const parts = [row.outcome.toLowerCase() || (row.is_open ? "open" : "not measured")];
  if (row.asked) parts.push("a person was asked");
  if (row.undone) parts.push("undone");
  if (row.recurred_in != null) parts.push(`came back as incident ${row.recurred_in}`);
  return parts.join(", ");
}

/** The cause in a line; a suspicion is not shown as a cause that was found. */
export function causeWords({ cause, verdict }: Pick<IncidentRow, "cause" | "verdict">): string {
  return cause && verdict === "INCONCLUSIVE" ? `not found; suspected: ${cause}` : cause;
}
