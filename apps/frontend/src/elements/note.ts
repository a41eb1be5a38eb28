// Empty, loading, stale and failed, in words: what a panel shows when it has nothing else.
import { html, nothing, type TemplateResult } from "lit";
import type { Problem } from "../api/types.ts";
import type { Loading } from "../state/watching.ts";

/** A quiet sentence in a panel. */
export function note(text: string): TemplateResult {
  return html`<p class="second words" role="note">${text}</p>`;
}

/** Why an answer could not be had, with a way to ask again. */
export function failed(problem: Problem, again: () => void): TemplateResult {
  return html`<p class="second words" role="alert">${problem.detail || problem.title} <button class="quiet" @click=${again}>Ask again</button></p>`;
}

/** What stands above or instead of a loaded value; nothing while the value is there and current. */
export function loadingNote<T>(loading: Loading<T>, what: string): TemplateResult | typeof nothing {
  if (loading.problem) return failed(loading.problem, () => loading.reload());
  return loading.value === undefined ? note(`Reading ${what} …`) : nothing;
}
