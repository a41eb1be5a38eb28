// `<sre-waterfall>`: a trace's spans as rows in time. Only the rows in sight exist, so that 20,000 scroll as 20 do.
import { html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { SpanRow, Waterfall } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { place } from "../elements/place.ts";
import { shared } from "../elements/shared.ts";
import { overscan, rowThin } from "../tokens.ts";
import { seconds } from "../words/numbers.ts";
import { hueOf } from "../words/states.ts";
import { childrenOf, ownTime } from "./own-time.ts";
import { type Fold, foldsOf, TimeScale } from "./time-scale.ts";
import { waterfallStyles } from "./waterfall-styles.ts";

const PIECES = 40;
const DEEPEST = 14;

@customElement("sre-waterfall")
export class WaterfallRows extends PageElement {
  @property({ attribute: false }) trace!: Waterfall;
  @property() chosen = "";
  @state() private top = 0;
  @state() private height = 0;
  private below: ReadonlyMap<string, readonly SpanRow[]> = new Map();
  private folds: readonly Fold[] = [];
  private scale = new TimeScale([], 1);
  private shownFor = "";

  static override styles = [shared, waterfallStyles];

  /** Choose the next span of which `wanted` is true, from the top again after the last. */
  next(wanted: (span: SpanRow) => boolean): void {
    const { spans } = this.trace;
    const from = spans.findIndex((span) => span.id === this.chosen);
    const found = spans.slice(from + 1).find(wanted) ?? spans.find(wanted);
    if (found) this.choose(found);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has("trace")) return;
    this.below = childrenOf(this.trace.spans);
    this.folds = foldsOf(this.trace.spans, this.trace.duration_us);
    this.scale = new TimeScale(this.folds, this.trace.duration_us);
  }

  protected override updated(changes: PropertyValues<this>): void {
    const view = this.viewport;
    if (view && view.clientHeight !== this.height) this.height = view.clientHeight;
    if (changes.has("chosen") || (changes.has("trace") && this.shownFor !== this.trace.trace_id)) this.bringIntoSight();
    this.shownFor = this.trace.trace_id;
  }

  protected override render() {
    const { spans } = this.trace;
    const first = Math.max(0, Math.floor(this.top / rowThin) - overscan);
    const last = Math.min(spans.length, Math.ceil((this.top + (this.height || rowThin * 20)) / rowThin) + overscan);
    const shown = spans.slice(first, last).map((span, index) => ({ span, index: first + index }));
    const chosen = spans.some((span) => span.id === this.chosen);
    return html`<div class="axis" aria-hidden="true"><span></span><span class="time">${this.ticks()}</span><span></span></div>
      <div class="viewport" tabindex="0" role="listbox" aria-label="Spans of the trace" ${place({ "--rows": `${spans.length * rowThin + 2}px` })} aria-activedescendant=${chosen && shown.some(({ span }) => span.id === this.chosen) ? `span-${this.chosen}` : nothing} @scroll=${this.scrolled} @keydown=${this.key}>
        <div class="all" role="presentation" ${place({ "block-size": `${spans.length * rowThin}px` })}>
          ${repeat(
            shown,
            ({ span }) => span.id,
            ({ span, index }) => this.row(span, index),
          )}</div></div>
      <p class="legend"><span><i class="own"></i> own time</span><span><i class="wait"></i> waiting</span><span><i class="path"></i> critical path</span><span><i class="error"></i> error</span><span><i class="ring"></i> where it began</span></p>`;
  }

  private get viewport(): HTMLElement | null {
    return this.renderRoot.querySelector(".viewport");
  }

  private row(span: SpanRow, index: number) {
    const depth = Math.min(span.depth, DEEPEST);
    const parts = [span.error ? "error" : "", span.critical ? "on the critical path" : "", span.culprit ? "where it began" : ""].filter(Boolean);
    const words = `${span.service}, ${span.name}, ${seconds(span.duration_us / 1e6)}, own ${seconds(span.own_us / 1e6)}${parts.length ? `, ${parts.join(", ")}` : ""}`;
    const classes = `row ${span.error ? "bad" : ""} ${span.critical ? "critical" : ""} ${span.culprit ? "culprit" : ""}`;
    return html`<div class=${classes} id="span-${span.id}" role="option" aria-selected=${span.id === this.chosen} aria-setsize=${this.trace.spans.length} aria-posinset=${index + 1} aria-label=${words} title=${words}
        ${place({ transform: `translateY(${index * rowThin}px)` })} @click=${() => this.choose(span)}>
      <span class="name" ${place({ "padding-inline-start": `calc(${depth} * var(--indent))`, "--hue": `var(--series-${hueOf(span.service)})` })}><i class="dot"></i><span class="line"><b>${span.service}</b> ${span.name}</span></span>
      <span class="time" ${place({ "--hue": `var(--series-${hueOf(span.service)})` })}>${this.bars(span)}</span>
      <span class="took">${span.error ? html`<b>✗</b> ` : nothing}${seconds(span.duration_us / 1e6)}</span></div>`;
  }

  private bars(span: SpanRow) {
    const own = ownTime(span, this.below.get(span.id) ?? []).slice(0, PIECES);
    return html`${span.critical ? html`<i class="path" ${place(this.between(span.start_us, span.start_us + span.duration_us))}></i>` : nothing}<i class="wait" ${place(this.between(span.start_us, span.start_us + span.duration_us))}></i>${own.map(([since, until]) => html`<i class="own" ${place(this.between(since, until))}></i>`)}${this.folds.map((fold) => html`<i class="fold" ${place(this.between(fold.since, fold.until))}></i>`)}`;
  }

  private between(since: number, until: number): Record<string, string> {
    const left = this.scale.at(since) * 100;
    return { "inset-inline-start": `${left}%`, "inline-size": `${this.scale.at(until) * 100 - left}%` };
  }

  private ticks() {
    const whole = this.trace.duration_us;
    const marks = this.folds.length ? [] : [0, 0.25, 0.5, 0.75];
    return html`${marks.map((share) => html`<i class="tick" ${place({ "inset-inline-start": `${share * 100}%` })}>${share ? seconds((whole * share) / 1e6) : "0"}</i>`)}${this.folds.map(
      (fold) => html`<i class="tick folded" ${place({ "inset-inline-start": `${this.scale.at(fold.since) * 100}%` })}>… ${seconds((fold.until - fold.since) / 1e6)} …</i>`,
    )}`;
  }

  private scrolled(event: Event): void {
    this.top = (event.currentTarget as HTMLElement).scrollTop;
  }

  private key(event: KeyboardEvent): void {
    const { spans } = this.trace;
    const at = spans.findIndex((span) => span.id === this.chosen);
    const page = Math.max(1, Math.floor(this.height / rowThin) - 1);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: spans.length - 1 };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const span = spans[Math.max(0, Math.min(spans.length - 1, to))];
    if (span) this.choose(span);
  }

  private choose(span: SpanRow): void {
    this.dispatchEvent(new CustomEvent("chosen", { detail: span }));
  }

  private bringIntoSight(): void {
    const view = this.viewport;
    const index = this.trace.spans.findIndex((span) => span.id === this.chosen);
    if (!view || index < 0) return;
    const at = index * rowThin;
    if (at < view.scrollTop || at + rowThin > view.scrollTop + view.clientHeight) view.scrollTop = at - view.clientHeight / 2;
  }
}
