// `<sre-trace>`: one trace: its waterfall, or on a phone its critical path as a list, and the chosen span's attributes.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { SpanRow, Waterfall } from "../api/types.ts";
import { loadingNote } from "../elements/note.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { Narrow } from "../state/narrow.ts";
import { Loading } from "../state/watching.ts";
import { count, many, seconds } from "../words/numbers.ts";
import "./critical-path.ts";
import "./span-detail.ts";
import "./waterfall.ts";
import type { WaterfallRows } from "./waterfall.ts";

@customElement("sre-trace")
export class TracePanel extends PageElement {
  @property() path = "";
  @property() span = "";
  @state() private chosen = "";
  private readonly trace = new Loading<Waterfall>(this);
  private readonly narrow = new Narrow(this);

  static override styles = [
    shared,
    css`.top { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-4); align-items: center; margin-block-end: var(--space-2); } .top .push { margin-inline-start: auto; display: flex; gap: var(--space-2); }`,
  ];

  /** Choose the next span that failed. */
  nextError(): void {
    this.renderRoot.querySelector<WaterfallRows>("sre-waterfall")?.next((span) => span.error);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has("path")) this.chosen = "";
    if (changes.has("span") && this.span) this.chosen = this.span;
    if (this.path) this.trace.load(this.path);
  }

  protected override render() {
    const trace = this.trace.value;
    if (!trace) return loadingNote(this.trace, "the trace");
    const span = trace.spans.find((row) => row.id === this.chosen);
    return html`<div class="top"><span class="second">${many(trace.spans.length, "span")} of ${many(trace.services.length, "service")}, ${seconds(trace.duration_us / 1e6)}, ${moment(trace.began)}${trace.left_out ? `, ${count(trace.left_out)} left out` : ""}</span>
        <span class="second small words">${trace.why}</span>
        <span class="push">${trace.errors ? html`<button @click=${this.nextError}>Next error (${count(trace.errors)})</button>` : html`<span class="second">no errors</span>`}</span></div>
      ${this.narrow.is ? html`<sre-critical-path .trace=${trace} chosen=${this.chosen} @chosen=${this.choose}></sre-critical-path>` : html`<sre-waterfall .trace=${trace} chosen=${this.chosen} @chosen=${this.choose}></sre-waterfall>`}
      ${span ? html`<sre-span path=${this.path} .span=${span}></sre-span>` : nothing}`;
  }

  private choose(event: CustomEvent<SpanRow>): void {
    this.chosen = event.detail.id;
  }
}
