// Why what is shown may be old, in words.
import type { Source, Sources } from "../api/types.ts";
import type { Connection } from "../state/store.ts";
import { seconds } from "../words/numbers.ts";
import { clockOf } from "../words/times.ts";

export interface Heard {
  readonly connection: Connection;
  readonly refused: string;
  readonly quietFor: number;
  readonly heardAt: number;
  readonly ahead: number;
  readonly sources: Sources | undefined;
}

const NAMES = { report: "Scout's report", record: "The incident repository", traces: "The trace store", runtime: "The runtime", memory: "Memory" } as const;
const CLOCK_OFF = 2_000;
const QUIET = 12_000;

/** One sentence for each reason not to trust what is below. */
export function banners(heard: Heard): string[] {
  const words: string[] = [];
  if (heard.connection !== "live" && heard.refused) words.push(heard.refused);
  else if (heard.connection === "lost" || heard.quietFor > QUIET)
    words.push(`No word from the dashboard for ${seconds(Math.round(heard.quietFor / 1000))}. Below is ${clockOf(heard.heardAt)}; the agents are not affected.`);
  if (heard.heardAt && Math.abs(heard.ahead) > CLOCK_OFF)
    words.push(`This browser's clock is ${seconds(Math.round(Math.abs(heard.ahead) / 1000))} ${heard.ahead > 0 ? "ahead of" : "behind"} the server's. All times here are the server's.`);
  if (heard.sources && heard.connection === "live") words.push(...stale(heard.sources));
  return words;
}

function stale(sources: Sources): string[] {
  const of = (name: keyof typeof NAMES, source: Source) => (source.state === "stale" || source.state === "away" ? `${NAMES[name]} is ${source.state}${age(source)}${source.why ? `: ${source.why}` : ""}.` : "");
  return (["report", "record", "traces", "runtime", "memory"] as const).map((name) => of(name, sources[name])).filter(Boolean);
}

function age(source: Source): string {
  return source.age_s === null ? "" : `, last heard ${seconds(Math.round(source.age_s))} ago`;
}
