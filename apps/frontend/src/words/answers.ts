// The four questions of an incident; the server answers them from its facts.
import type { IncidentAnswer, LoopStep, State } from "../api/types.ts";

type Step = Pick<LoopStep, "step" | "state" | "text">;

export interface Answer {
  readonly asks: string;
  readonly text: string;
  readonly detail: string;
  /** What its shape says; null: it has none. */
  readonly state: State | null;
}

/** What is wrong, why, what is done, is it over; the first is left out where the sentence above says it.
 * How far a recovery is comes from the live steps, so that the page says one number of it everywhere. */
export function answersOf({ answers, is_open: open }: Pick<IncidentAnswer, "answers" | "is_open">, steps: readonly Step[] = []): readonly Answer[] {
  const { wrong, why, done, over } = answers;
  const doing = { ...done, asks: open ? "What is being done" : "What was done", state: done.state === "unknown" ? null : done.state };
  const rest = [{ ...why, asks: "Why", state: null }, doing, { ...over, asks: "Is it over", detail: (over.state === "acting" && measuring(steps)) || over.detail }];
  return open ? rest : [{ ...wrong, asks: "What was wrong", state: null }, ...rest];
}

function measuring(steps: readonly Step[]): string {
  return steps.find(({ step, state }) => step === "verify" && state === "doing")?.text ?? "";
}
