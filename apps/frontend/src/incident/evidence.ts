// `<sre-evidence>`: one viewer for all evidence; a chip opens it here. Traces as waterfalls, the rest in words.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { EvidenceItem, IncidentAnswer, Traces } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { loadingNote, note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { Loading } from "../state/watching.ts";
import { count, many, seconds } from "../words/numbers.ts";
import { evidenceName } from "./evidence-words.ts";
import "../trace/trace-panel.ts";

@customElement("sre-evidence")
export class Evidence extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @property() evidence = "";
  @state() private trace = "";
  private readonly traces = new Loading<Traces>(this);

  static override styles = [
    shared,
    css`
      .items { display: grid; }
      .items > li { border-block-start: var(--hairline) solid var(--line); }
      .items button { inline-size: 100%; justify-content: start; min-height: var(--row); block-size: auto; padding: var(--space-1) var(--space-2); background: transparent; border: 0; border-radius: 0; text-align: start; white-space: normal; font: var(--type-body); }
      .items button:hover { background: var(--raised); }
      .items button[aria-expanded="true"] { background: var(--raised); }
      .kind { flex: none; inline-size: var(--lane-name); color: var(--text-3); font: var(--type-small); }
      .more { padding: var(--space-2) var(--space-2) var(--space-3) calc(var(--lane-name) + var(--space-4)); color: var(--text-2); overflow-wrap: anywhere; }
      .choose { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2) var(--space-3); margin-block: var(--space-4) var(--space-2); padding-block-start: var(--space-3); border-block-start: var(--hairline) solid var(--line); }
      select { max-inline-size: 100%; }
      .n { margin-inline-start: auto; color: var(--text-3); font: var(--type-small); white-space: nowrap; }
    `,
  ];

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (changes.has("shown")) this.traces.load(`incidents/${this.shown.number}/traces`, true);
    if (changes.has("evidence")) this.trace = this.item?.trace_id || this.trace;
  }

  protected override render() {
    const items = this.shown.evidence;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Evidence</h2><span class="second small">${items.length ? many(items.length, "observation") : ""}</span></div>
      ${items.length ? html`<ul class="items">${items.map((item) => this.row(item))}</ul>` : note("Nothing is cited yet.")}
      ${this.kept()}${this.traceList()}</section>`;
  }

  private get item(): EvidenceItem | undefined {
    return this.shown.evidence.find((item) => item.id === this.evidence);
  }

  private row(item: EvidenceItem) {
    const open = item.id === this.evidence;
    return html`<li><button aria-expanded=${open} @click=${() => this.choose(item)}><span class="kind">${item.opens || "text"}</span><span class="words">${coded(item.statement)}</span></button>
      ${open ? html`<p class="more">${item.trace_id ? html`Opened below: ${evidenceName(item.id)}. ` : nothing}<span class="mono">${item.id}</span></p>` : nothing}</li>`;
  }

  private kept() {
    const { kept } = this.shown;
    return kept.kept || !kept.why ? nothing : html`<p class="second small words">${kept.why}</p>`;
  }

  private traceList() {
    const traces = this.traces.value;
    if (!traces) return loadingNote(this.traces, "its traces");
    if (!traces.traces.length) return html`<p class="choose second words">${traces.why || "No trace of this time is kept."}</p>`;
    const chosen = this.trace || (traces.traces.find((one) => one.cited) ?? traces.traces.find((one) => one.errors > 0) ?? traces.traces[0])?.trace_id || "";
    const known = traces.traces.some((one) => one.trace_id === chosen);
    return html`<div class="choose"><label for="trace">Trace</label><select id="trace" @change=${this.select}>
        ${known ? nothing : html`<option selected value=${chosen}>${chosen.slice(0, 8)}, cited</option>`}
        ${traces.traces.map((one) => html`<option value=${one.trace_id} ?selected=${one.trace_id === chosen}>${one.cited ? "cited: " : ""}${one.root}, ${seconds(one.duration_s)}, ${many(one.spans, "span")}${one.errors ? `, ${many(one.errors, "error")}` : ""}</option>`)}
      </select><span class="second small words">${traces.why}</span><span class="n">${count(traces.traces.length)} traces${traces.left_out ? `, ${count(traces.left_out)} left out` : ""}</span></div>
      <sre-trace path="incidents/${this.shown.number}/traces/${chosen}" span=${this.item?.trace_id === chosen ? (this.item?.span_id ?? "") : ""}></sre-trace>`;
  }

  private select(event: Event): void {
    this.trace = (event.target as HTMLSelectElement).value;
  }

  private choose(item: EvidenceItem): void {
    this.dispatchEvent(new CustomEvent("evidence", { detail: item.id === this.evidence ? "" : item.id }));
  }
}
