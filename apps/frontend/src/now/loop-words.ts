// A step of the loop in a word or two.
import type { Loop, LoopStep } from "../api/types.ts";
import { seconds } from "../words/numbers.ts";

/** "✓ 0.6 s, CONFIRMED", "12 of 30 good", "waits for a person", or "" for what comes later. */
export function stepWords(step: LoopStep, loop: Pick<Loop, "progress">): string {
  const { progress } = loop;
  switch (step.state) {
    case "done":
      return [`✓ ${seconds(step.took_s)}`, step.text].filter(Boolean).join(", ");
    case "doing":
      if (step.step === "verify" && progress?.visits != null) return `${Math.min(progress.visits, progress.needed)} of ${progress.needed} good in a row`;
      if (step.step === "verify" && progress?.good != null) return `${Math.min(progress.good, progress.needed)} of ${progress.needed} good, ${progress.bad ?? 0} bad`;
      return step.text || "now …";
    case "waits":
      return step.text || "waits";
    case "skipped":
      return step.text || "not needed";
    default:
      return "";
  }
}
