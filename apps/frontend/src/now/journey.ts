// `<sre-journey>`: the first journey's number, live, with what is usual, its floor and its counts.
import { css, html, nothing } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { JourneyNow, Series } from "../api/types.ts";
import { type ChartData, chartData, withPoint } from "../elements/chart-lines.ts";
import { moment } from "../elements/moment.ts";
import { loadingNote } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { narrow, shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Loading, Watching } from "../state/watching.ts";
import { hour, minute, spare } from "../tokens.ts";
import { count, percent } from "../words/numbers.ts";
import { stepCounts } from "../words/steps.ts";
import { clockOf } from "../words/times.ts";
import { chartMarks } from "./chart-marks.ts";
import "../elements/chart.ts";
import "../elements/state-shape.ts";

const SPANS = [
  { name: "15 min", span: 15 * minute },
  { name: "1 h", span: hour },
  { name: "24 h", span: 24 * hour },
] as const;

@customElement("sre-journey")
export class Journey extends PageElement {
  @property({ attribute: false }) journey: JourneyNow | undefined;
  @state() private span = 0;
  private chart: ChartData | undefined;
  private loadedFor = "";
  private readonly series = new Loading<Series>(this);

  static override styles = [
    shared,
    css`
      :host { display: grid; }
      .panel { display: grid; grid-template-rows: auto auto 1fr; gap: var(--space-2); }
      .panel.none { display: block; }
      .number { display: flex; flex-wrap: wrap; align-items: baseline; gap: var(--space-1) var(--space-4); }
      .value { font: var(--type-number); letter-spacing: var(--tracking-large); }
      .name { font: var(--type-title); display: inline-flex; align-items: center; gap: var(--space-2); min-width: 0; }
      .counts { color: var(--text-2); }
      .spans { display: flex; gap: var(--space-1); }
      .spans button { min-height: var(--row-thin); font: var(--type-small); }
      .key { display: flex; flex-wrap: wrap; gap: var(--space-1) var(--space-4); font: var(--type-small); color: var(--text-3); }
      @media ${narrow} { .value { font: var(--type-sentence); } :host { --chart-block: var(--chart-small); } .key { font: var(--type-small); } }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override willUpdate(): void {
    const journey = this.journey;
    if (!journey || !store.at) return;
    this.load(journey.name);
    if (this.series.value && this.loadedFor !== this.key(this.series.value)) this.adopt(this.series.value);
    const every = (this.series.value?.resolution_s ?? 1) * 1000;
    if (this.chart && store.at - (this.chart.times.at(-1) ?? 0) >= every) this.chart = withPoint(this.chart, store.at, journey);
    if (this.chart && journey.usual_low !== null && journey.usual_high !== null) this.chart = { ...this.chart, band: [journey.usual_low, journey.usual_high] };
    else if (this.chart) this.chart = { ...this.chart };
  }

  protected override render() {
    const journey = this.journey;
    if (!journey) return html`<section class="panel none" aria-labelledby="heading"><div class="head"><h2 id="heading">Journeys</h2></div><p class="second">No journey has been reported yet.</p></section>`;
    const now = store.now();
    return html`<section class="panel" aria-labelledby="heading">
      <div class="head">
        <h2 id="heading">${journey.shows}</h2>
        <span class="name"><sre-state .state=${journey.state} size="small"></sre-state><span class="line">${journey.name}</span></span>
        <span class="push spans" role="group" aria-label="Time span">${SPANS.map(({ name, span }) => html`<button class="quiet" aria-pressed=${this.shown === span} @click=${() => this.choose(span)}>${name}</button>`)}</span>
      </div>
      <div>
        <div class="number">
          <span class="value">${percent(journey.value)}</span>
          <span class="second">${this.compared(journey)}</span>
        </div>
        <p class="counts">${this.counts(journey)}</p>
        ${journey.why && journey.value !== null && journey.state !== "well" ? html`<p class="second words">${journey.why}</p>` : nothing}
      </div>
      <div>
        ${loadingNote(this.series, "its history")}
        ${
          this.chart && !this.chart.value.some((value) => value !== null)
            ? html`<p class="second">No value of this time is known.</p>`
            : this.chart
            ? html`<sre-chart .data=${this.chart} .since=${this.begins(now)} .until=${now} .marks=${chartMarks(store.panels.marks.values())} what="${journey.shows} of ${journey.name}, last ${this.spanName}"></sre-chart>
          <p class="key"><span>┄ floor ${percent(journey.floor)}</span><span>— usual ${percent(journey.usual)}</span><span>▽ changes and actions</span>${this.kept > now - this.shown ? html`<span>history begins ${moment(this.kept)}</span>` : nothing}</p>`
            : nothing
        }
      </div>
    </section>`;
  }

  private get shown(): number {
    if (this.span) return this.span;
    return store.now() - this.kept < SPANS[0].span ? SPANS[0].span : hour;
  }

  /** When the history begins: its first value. */
  private get kept(): number {
    const { times = [], lines } = this.series.value ?? {};
    return times[(lines?.["value"] ?? []).findIndex((value) => value !== null)] ?? 0;
  }

  /** The chart begins where the history does, unless that is all but now. */
  private begins(now: number): number {
    return Math.min(Math.max(now - this.shown, this.kept), now - minute);
  }

  private get spanName(): string {
    return SPANS.find(({ span }) => span === this.shown)?.name ?? "";
  }

  private choose(span: number): void {
    this.span = span;
    this.chart = undefined;
    this.series.clear();
  }

  private load(name: string): void {
    if (this.series.value || this.series.busy) return;
    const until = store.at;
    this.series.load(`series?${new URLSearchParams({ of: name, since: String(until - (this.span || hour) + spare), until: String(until), points: "900" })}`);
  }

  private adopt(series: Series): void {
    this.loadedFor = this.key(series);
    this.chart = chartData(series);
  }

  private key(series: Series): string {
    return `${series.of} ${series.since} ${series.until} ${series.resolution_s}`;
  }

  private compared(journey: JourneyNow): string {
    if (journey.value === null) return journey.why || "not known";
    const of = this.of(journey);
    if (journey.usual === null) return `${of}learning what is usual, floor ${percent(journey.floor)}`;
    const usual = journey.usual_low !== null && journey.usual_high !== null ? `${percent(journey.usual_low)} to ${percent(journey.usual_high)}` : percent(journey.usual);
    return `${of}usual ${usual}, floor ${percent(journey.floor)}`;
  }

  /** Whom the large number counts: while its alarm fires, those since it began. */
  private of(journey: JourneyNow): string {
    const since = journey.value_since;
    if (since == null) return "";
    const who = journey.shows === "conversion" ? "of those who asked" : "of the attempts";
    return journey.state === "failing" ? `${who} since ${clockOf(since)}; ` : `${who} in the last ${this.lasts({ since, until: store.at })}; `;
  }

  private counts(journey: JourneyNow) {
    if (journey.state === "blind") return nothing;
    const steps = journey.conversion;
    if (steps) return html`In the last ${this.lasts(steps)}: ${stepCounts(steps)}${steps.share === null ? "" : ` (${percent(steps.share)})`}.`;
    const share = journey.success_hour ?? journey.success;
    return share ? html`In the last ${this.lasts(share)}: ${count(share.good)} of ${count(share.good + share.bad)} good` : nothing;
  }

  private lasts(counted: { readonly since: number; readonly until: number }): string {
    const length = counted.until - counted.since;
    const minutes = Math.round(length / minute);
    if (minutes >= 59) return "hour";
    return length < 2 * minute ? `${Math.round(length / 1000)} s` : `${minutes} min`;
  }
}
