// A moment as `<time>`: the viewer's zone, UTC on hover.
import { html, type TemplateResult } from "lit";
import { store } from "../state/store.ts";
import { clockOf, momentOf, utcOf } from "../words/times.ts";

/** The moment, with its day where it is not today. */
export function moment(at: number): TemplateResult {
  return timeOf(at, momentOf(at, store.now()));
}

/** The time of day alone. */
export function clock(at: number): TemplateResult {
  return timeOf(at, clockOf(at));
}

function timeOf(at: number, text: string): TemplateResult {
  return html`<time datetime=${new Date(at).toISOString()} title=${utcOf(at)}>${text}</time>`;
}
