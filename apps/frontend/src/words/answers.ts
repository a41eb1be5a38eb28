// The four questions of an incident, answered from its facts as an engineer would say it.
import type { DecisionNow, Edit, IncidentAnswer, Question, State, TrialRow } from "../api/types.ts";
import { count, many, seconds } from "./numbers.ts";

export interface Answer {
  readonly asks: string;
  readonly text: string;
  readonly detail: string;
  /** What its shape says; null: it has none. */
  readonly state: State | null;
}

type Told = Pick<IncidentAnswer, "answers" | "decision" | "trials" | "is_open" | "loop" | "moments" | "chart">;

/** What is wrong, why, what is done, is it over; the first is left out where the sentence above says it. */
export function answersOf(told: Told): readonly Answer[] {
  const { answers, chart, is_open: open } = told;
  const wrong = { asks: open ? "What is wrong" : "What was wrong", text: answers.wrong.text, detail: wrongBelow(answers.wrong, chart.of), state: null };
  const why = { asks: "Why", ...answers.why, state: null };
  return [...(open ? [] : [wrong]), why, done(told), over(told)];
}

/** What stands below what is wrong: whose journey, and its detail without what it repeats. */
export function wrongBelow(wrong: Pick<Question, "text" | "detail">, journey = ""): string {
  const named = journey && !wrong.text.includes(journey) ? `Journey ${journey}. ` : "";
  return named + unrepeated(wrong);
}

function unrepeated({ text, detail }: Pick<Question, "text" | "detail">): string {
  const first = detail.split(/; and |, since /, 1)[0] ?? "";
  if (!first || !text.includes(first)) return detail && `First symptom: ${detail}`;
  const rest = detail.slice(first.length).replace(/^[;,] /, "");
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function done(told: Told): Answer {
  const { decision, trials, is_open: open, answers } = told;
  const asks = open ? "What is being done" : "What was done";
  const last = trials.at(-1);
  const before = trials.filter((trial) => trial.undone && trial !== last).length;
  const tried = before ? `${many(before, "change")} before it did not help and ${before === 1 ? "was" : "were"} undone` : "";
  if (!decision) return { asks, text: open ? "The agents look for the cause" : answers.done.text, detail: open ? "Nothing is changed yet" : answers.done.detail, state: open ? "acting" : null };
  if (decision.waits) return { asks, text: `A person is asked: may Fixer ${infinitive(decision)}?`, detail: joined([edited(decision.edits), answers.done.detail, tried]), state: "held" };
  if (!last || last.command !== decision.command) return { asks, text: open ? next(decision) : answers.done.text, detail: joined([edited(decision.edits), tried]), state: open ? "acting" : null };
  return { asks, ...carriedOut(decision, last, answers.done.detail, tried) };
}

function carriedOut(decision: DecisionNow, trial: TrialRow, detail: string, tried: string): Omit<Answer, "asks"> {
  const change = edited(decision.edits);
  if (trial.result === "escalated") return { text: "A person was called", detail: joined([tried, detail]), state: "held" };
  if (trial.result === "cleared") return { text: decision.remedy === "ESCALATE" ? "No change: it ended first" : `Fixer did not ${infinitive(decision)}: it ended first`, detail: joined([detail, tried]), state: null };
  if (trial.result !== "done") return { text: `Fixer did not ${infinitive(decision)}: ${trial.result}`, detail: joined([detail, tried]), state: "held" };
  if (trial.undone) return { text: `Fixer ${past(decision)}, and undid it`, detail: joined([change, tried]), state: "acting" };
  return { text: `Fixer ${past(decision)}`, detail: joined([change, detail, tried]), state: "acting" };
}

function over(told: Told): Answer {
  const asks = "Is it over";
  const { text, detail, state } = told.answers.over;
  const verified = told.moments.findLast((moment) => moment.name === "verified");
  if (state === "well") return { asks, text: verified ? `Yes: recovered after ${seconds(verified.after_s)}` : text, detail, state };
  if (!told.is_open || state === "unknown") return { asks, text, detail, state };
  return { asks, ...notOver(told, detail) };
}

function notOver(told: Told, detail: string): Omit<Answer, "asks"> {
  const { loop, trials } = told;
  const last = trials.at(-1);
  if (loop.waits_for_person && last?.result === "escalated") return { text: "No: a person has to act", detail: "", state: "failing" };
  if (loop.waits_for_person) return { text: "No: it waits for a person", detail: "", state: "failing" };
  if (told.answers.over.state === "acting") return { text: "Not yet: being measured", detail: measured(told) || detail, state: "acting" };
  if (last?.outcome === "WORSE") return { text: "No: the change made it worse", detail, state: "failing" };
  if (last?.outcome) return { text: last.result === "done" ? "No: the change did not help" : "No: it goes on", detail, state: "failing" };
  return { text: "No", detail, state: "failing" };
}

function measured({ loop: { progress } }: Told): string {
  if (!progress) return "";
  const row = progress.visits == null ? "" : `${Math.min(progress.visits, progress.needed)} of ${progress.needed} good visits in a row`;
  const attempts = progress.good == null ? "" : `${count(progress.good)} good and ${count(progress.bad)} bad attempts since the action`;
  return joined([row, attempts]);
}

/** A remedy as what Fixer may do: "restart checkout", "revert the change of checkout". */
export function infinitive({ remedy, service, edits }: Pick<DecisionNow, "remedy" | "service" | "edits">): string {
  if (remedy === "RESTART") return `restart ${service}`;
  if (remedy === "REVERT") return `revert the change of ${service}`;
  if (remedy === "SCALE") return `scale ${service}`;
  if (remedy === "ESCALATE") return "call a person";
  return `set ${edits.map((edit) => edit.key).join(" and ") || "the configuration"} of ${service}`;
}

/** A remedy as a heading: "Restart checkout". */
export function deed(decision: Pick<DecisionNow, "remedy" | "service" | "edits">): string {
  const words = infinitive(decision);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function past(decision: DecisionNow): string {
  return infinitive(decision)
    .replace(/^restart /, "restarted ")
    .replace(/^revert /, "reverted ")
    .replace(/^scale /, "scaled ")
    .replace(/^call /, "called ");
}

function next(decision: DecisionNow): string {
  return decision.remedy === "ESCALATE" ? "A person is being called" : `Fixer is about to ${infinitive(decision)}`;
}

function edited(edits: readonly Edit[]): string {
  return edits.map((edit) => `${edit.key} ${edit.old ?? "(absent)"} → ${edit.new ?? "(absent)"}`).join(", ");
}

function joined(parts: readonly string[]): string {
  return parts.filter(Boolean).join("; ");
}
