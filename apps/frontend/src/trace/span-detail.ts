// `<sre-span>`: the chosen span and its attributes, all as text.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SpanDetail, SpanRow } from "../api/types.ts";
import { loadingNote } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { narrow, shared } from "../elements/shared.ts";
import { Loading } from "../state/watching.ts";
import { seconds } from "../words/numbers.ts";

@customElement("sre-span")
export class SpanPanel extends PageElement {
  @property() path = "";
  @property({ attribute: false }) span!: SpanRow;
  private readonly detail = new Loading<SpanDetail>(this);

  static override styles = [
    shared,
    css`
      section { margin-block-start: var(--space-3); padding: var(--space-3); background: var(--page); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); }
      dl { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 3fr); gap: var(--space-1) var(--space-4); margin-block-start: var(--space-2); }
      dt { color: var(--text-3); font: var(--type-mono); overflow-wrap: anywhere; }
      dd { font: var(--type-mono); overflow-wrap: anywhere; white-space: pre-wrap; }
      @media ${narrow} { dl { grid-template-columns: minmax(0, 1fr); } dd { margin-block-end: var(--space-2); } }
    `,
  ];

  protected override willUpdate(_changes: PropertyValues<this>): void {
    this.detail.load(`${this.path}/spans/${this.span.id}`);
  }

  protected override render() {
    const { span } = this;
    const attributes = Object.entries(this.detail.value?.attributes ?? {});
    return html`<section aria-label="The chosen span" aria-live="polite"><p class="words"><strong>${span.service}</strong> ${span.name}</p>
      <p class="second words">${span.kind}, ${seconds(span.duration_us / 1e6)}, own ${seconds(span.own_us / 1e6)}${span.error ? `, failed${span.message ? `: ${span.message}` : ""}` : ""}</p>
      ${loadingNote(this.detail, "its attributes")}
      ${attributes.length ? html`<dl>${attributes.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>` : this.detail.value ? html`<p class="third small">It has no attributes.</p>` : nothing}</section>`;
  }
}
