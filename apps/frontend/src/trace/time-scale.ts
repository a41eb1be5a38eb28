// The waterfall's time axis: from microseconds to a share of its width, with long silences folded.
import type { SpanRow } from "../api/types.ts";

export interface Fold {
  readonly since: number;
  readonly until: number;
}

const WORTH_FOLDING = 0.12; // of the whole trace
const FOLDED = 0.03; // of the width, each

/** The times in which no span was at work, each longer than an eighth of the trace. */
export function foldsOf(spans: readonly SpanRow[], whole: number): Fold[] {
  const busy = spans.map((span) => [span.start_us, span.start_us + span.duration_us] as const).sort((one, other) => one[0] - other[0]);
  const folds: Fold[] = [];
  let reached = 0;
  for (const [since, until] of busy) {
    if (since - reached > whole * WORTH_FOLDING) folds.push({ since: reached, until: since });
    reached = Math.max(reached, until);
  }
  return folds;
}

export class TimeScale {
  private readonly folds: readonly Fold[];
  private readonly unfolded: number;
  private readonly busy: number;

  constructor(folds: readonly Fold[], whole: number) {
    this.folds = folds;
    this.busy = Math.max(1, whole - folds.reduce((sum, fold) => sum + fold.until - fold.since, 0));
    this.unfolded = Math.max(0.1, 1 - folds.length * FOLDED);
  }

  /** The share of the width at a time, 0 to 1. */
  at(time: number): number {
    let folded = 0;
    let shares = 0;
    for (const fold of this.folds) {
      if (time <= fold.since) break;
      const inside = Math.min(time, fold.until) - fold.since;
      folded += inside;
      shares += FOLDED * (inside / (fold.until - fold.since));
    }
    return ((time - folded) / this.busy) * this.unfolded + shares;
  }
}
