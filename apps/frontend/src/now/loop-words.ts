// A step of the loop in a word or two.
import type { Loop, LoopStep } from "../api/types.ts";
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

/** "CONFIRMED", "12 of 30 good", "waits for a person", or "" for what comes later. */
export function stepWords(step: LoopStep, loop: Pick<Loop, "progress">): string {
  const { progress } = loop;
  switch (step.state) {
    case "doing":
      if (step.step === "verify" && progress?.visits != null) return `${Math.min(progress.visits, progress.needed)} of ${progress.needed} good in a row`;
      if (step.step === "verify" && progress?.good != null) return progress.good < progress.needed ? `${progress.good} of ${progress.needed} good, ${progress.bad ?? 0} bad` : `${progress.good} good, ${progress.bad ?? 0} bad, ${progress.needed} needed`;
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
