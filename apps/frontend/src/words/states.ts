// The word and the colour of every state; its shape is in elements/state-shape.ts.
import type { State } from "../api/types.ts";

export type Colour = "well" | "degraded" | "failing" | "acting" | "unknown";

const WORDS: Readonly<Record<State, string>> = {
  well: "well",
  degraded: "degraded",
  failing: "failing",
  acting: "acting",
  unknown: "unknown",
  blind: "blind",
  learning: "learning",
  held: "held",
  halted: "halted",
  excused: "excused",
};

/** The state in a word or two. */
export function wordOf(state: State): string {
  return WORDS[state] ?? "unknown";
}

/** The token of its colour; a state that says little has the quiet one. */
export function colourOf(state: State): Colour {
  return state === "well" || state === "degraded" || state === "failing" || state === "acting" ? state : "unknown";
}

/** A hue of eight for a name, the same everywhere and always. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return (hash % 8) + 1;
}

/** A name of a step or a key as people read it: "quote_requested" as "quote requested". */
export function readable(name: string): string {
  return name.replaceAll("_", " ");
}

/** The title of an incident without the mark that the forge's list needs. */
export function plainTitle(title: string): string {
  return title.replace(/^\[INCIDENT\]\s*/, "");
}
