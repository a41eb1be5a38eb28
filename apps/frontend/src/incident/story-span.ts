// Which time the chart of an incident shows: the story with as much again around it, never all that is kept.
import type { IncidentAnswer } from "../api/types.ts";

/** From before the first symptom to after the last moment, within what the chart has. */
export function spanOf(shown: Pick<IncidentAnswer, "since" | "ended" | "moments" | "chart">, now: number): { since: number; until: number } {
  const first = shown.since;
  const last = Math.max(first + 1_000, shown.ended ?? Math.min(now, shown.chart.until), ...shown.moments.map((moment) => moment.at));
  const around = Math.max(30_000, (last - first) * 0.6);
  return { since: Math.max(shown.chart.since, first - around), until: Math.max(last, Math.min(shown.chart.until, now, last + around)) };
}
