// A step of the loop in a word or two.
import type { LoopStep } from "../api/types.ts";
import { seconds } from "../words/numbers.ts";

const DUTIES: Readonly<Record<string, string>> = {
  recall: "looks for similar incidents",
  decide: "decides",
  act: "acts",
  verify: "measures",
  undo: "undoes it",
  confirm: "confirms",
  conclude: "writes the post-mortem",
  remember: "learns",
};

/** "CONFIRMED: restart checkout", "12 of 30 good visits in a row", "waits for a person", or "" for what comes later. */
export function stepWords(step: LoopStep): string {
  switch (step.state) {
    case "doing":
      return step.text || "now …";
    case "waits":
      return step.text || "waits";
    case "skipped":
      return step.text || "not needed";
    case "done":
      return step.text;
    default:
      return "";
  }
}

/** How long a step that is done took: "✓ 0.6 s". */
export function tookWords(step: Pick<LoopStep, "state" | "took_s">): string {
  return step.state === "done" ? `✓ ${seconds(step.took_s)}` : "";
}

/** What an incident waits for, as people say it: "next: Brain decides", "waits for a person". */
export function waitsFor(waits: string): string {
  const [agent = "", step = ""] = waits.split(": ");
  const duty = DUTIES[step];
  return duty ? `next: ${agent.charAt(0).toUpperCase()}${agent.slice(1)} ${duty}` : `waits for ${waits}`;
}
