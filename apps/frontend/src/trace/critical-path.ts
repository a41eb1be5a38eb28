// `<sre-critical-path>`: on a phone, the spans that the trace waited for, each with its own time.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SpanRow, Waterfall } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { place } from "../elements/place.ts";
import { shared } from "../elements/shared.ts";
import { seconds } from "../words/numbers.ts";

const SHOWN = 60;

@customElement("sre-critical-path")
export class CriticalPath extends PageElement {
  @property({ attribute: false }) trace!: Waterfall;
  @property() chosen = "";

  static override styles = [
    shared,
    css`
      button { display: grid; gap: var(--space-1); inline-size: 100%; block-size: auto; justify-content: stretch; text-align: start; white-space: normal; background: transparent; border: 0; border-block-start: var(--hairline) solid var(--line); border-radius: 0; padding: var(--space-2) 0; font: var(--type-body); }
      .top { display: flex; gap: var(--space-3); justify-content: space-between; }
      .bar { block-size: var(--meter); border-radius: var(--radius-round); background: var(--text-3); min-inline-size: var(--stroke); }
      .bad .bar { background: var(--failing); }
    `,
  ];

  protected override render() {
    const path = this.trace.spans.filter((span) => span.critical || span.culprit);
    const most = Math.max(1, ...path.map((span) => span.own_us));
    return html`<p class="second small">The critical path, with each span's own time:</p><ul>${path.slice(0, SHOWN).map((span) => html`<li>${this.span(span, most)}</li>`)}</ul>
      ${path.length > SHOWN ? html`<p class="third small">${path.length - SHOWN} more on a wider screen</p>` : nothing}`;
  }

  private span(span: SpanRow, most: number) {
    return html`<button class=${span.error ? "bad" : ""} aria-pressed=${span.id === this.chosen} @click=${() => this.choose(span)}>
      <span class="top"><span class="words">${span.error ? "✗ " : ""}<strong>${span.service}</strong> ${span.name}${span.culprit ? " (where it began)" : ""}</span><span>${seconds(span.own_us / 1e6)}</span></span>
      <span class="bar" ${place({ "inline-size": `${(span.own_us / most) * 100}%` })}></span></button>`;
  }

  private choose(span: SpanRow): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: span }));
  }
}
