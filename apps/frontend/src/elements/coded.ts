// Text of facts, in which names stand between backticks: they are shown as code, and the rest as text.
import { html, type TemplateResult } from "lit";

/** The text with what stands between two backticks as code, also where the text was cut before the second. */
export function coded(text: string): TemplateResult[] | string {
  const parts = unbroken(text).split("`");
  if (parts.length < 2) return parts[0] ?? "";
  return parts.map((part, index) => (index % 2 ? html`<code>${part}${index === parts.length - 1 ? "…" : ""}</code>` : html`${part}`));
}

/** The text with a number and its unit, and "3 of 9", each on one line. */
function unbroken(text: string): string {
  return text.replace(/(\d) (%|ms|s|min|h|days)(?!\w)/g, "$1\u00a0$2").replace(/(\d) of (\d)/g, "$1\u00a0of\u00a0$2");
}
