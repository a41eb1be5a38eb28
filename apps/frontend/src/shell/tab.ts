// The browser's tab: its title and its icon say the state, also where nobody sees the page.
import { store } from "../state/store.ts";
import { token } from "../elements/token.ts";
import { colourOf } from "../words/states.ts";
import type { State } from "../api/types.ts";

const DRAWN: Readonly<Record<string, string>> = {
  well: "<circle cx='8' cy='8' r='7' fill='C'/>",
  degraded: "<path d='M8 1 15.5 15H.5Z' fill='C'/>",
  failing: "<path d='M8 0 16 8 8 16 0 8Z' fill='C'/><path d='M5 5l6 6M11 5l-6 6' stroke='I' stroke-width='2'/>",
  acting: "<path d='M8 .5 14.7 4.3V11.7L8 15.5 1.3 11.7V4.3Z' fill='C'/>",
  unknown: "<circle cx='8' cy='8' r='6' fill='none' stroke='C' stroke-width='3' stroke-dasharray='3 2'/>",
};

let shown = "";

/** Show the state of the whole space in the tab. */
export function showInTab(space: string): void {
  const sentence = store.panels.sentence.get("");
  const lost = store.connection !== "live" || store.old;
  const state: State = lost ? "unknown" : (sentence?.state ?? "unknown");
  const title = [lost ? "not live" : sentence?.title, space, "SRE-Space"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  if (shown === state) return;
  shown = state;
  const name = colourOf(state);
  const drawing = (DRAWN[name] ?? "").replace("C", token(name)).replace("I", token("ink-on-failing"));
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  if (icon) icon.href = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${drawing}</svg>`)}`;
}
