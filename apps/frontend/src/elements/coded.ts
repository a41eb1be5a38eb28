// Text of facts, in which names stand between backticks: they are shown as code, and the rest as text.
import { html, type TemplateResult } from "lit";

/** The text with what stands between two backticks as code, also where the text was cut before the second. */
export function coded(text: string): TemplateResult[] | string {
  const parts = text.replace(/(\d) %/g, "$1\u00a0%").split("`"); // a number and its sign stay on one line
  if (parts.length < 2) return parts[0] ?? "";
  return parts.map((part, index) => (index % 2 ? html`<code>${part}${index === parts.length - 1 ? "…" : ""}</code>` : html`${part}`));
}
