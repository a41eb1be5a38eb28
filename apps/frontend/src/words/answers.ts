// The four questions of an incident; the server answers them from its facts.
import type { IncidentAnswer, State } from "../api/types.ts";

export interface Answer {
  readonly asks: string;
  readonly text: string;
  readonly detail: string;
  /** What its shape says; null: it has none. */
  readonly state: State | null;
}

/** What is wrong, why, what is done, is it over; the first is left out where the sentence above says it. */
export function answersOf({ answers, is_open: open }: Pick<IncidentAnswer, "answers" | "is_open">): readonly Answer[] {
  const { wrong, why, done, over } = answers;
  const doing = { ...done, asks: open ? "What is being done" : "What was done", state: done.state === "unknown" ? null : done.state };
  const rest = [{ ...why, asks: "Why", state: null }, doing, { ...over, asks: "Is it over" }];
  return open ? rest : [{ ...wrong, asks: "What was wrong", state: null }, ...rest];
}
