// Text of facts, in which names stand between backticks: they are shown as code, and the rest as text.
import { html, type TemplateResult } from "lit";

/** The text with what stands between two backticks as code. */
export function coded(text: string): TemplateResult[] | string {
  const parts = text.split("`");
  if (parts.length < 3) return text;
  return parts.map((part, index) => (index % 2 && index < parts.length - 1 ? html`<code>${part}</code>` : html`${index % 2 ? "`" : ""}${part}`));
}
