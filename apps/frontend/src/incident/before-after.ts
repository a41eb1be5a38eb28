// `<sre-before-after>`: the journey around the incident, its moments, and who worked when.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer, Lane, Moment } from "../api/types.ts";
import { chartData } from "../elements/chart-lines.ts";
import { clock } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { place } from "../elements/place.ts";
import { forced, narrow, shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { later, seconds } from "../words/numbers.ts";
import { spanOf } from "./story-span.ts";
import "../elements/chart.ts";

const COLOURS: Readonly<Record<string, string>> = { "first symptom": "failing", detected: "failing", acted: "acting", undone: "acting", serving: "well", verified: "well" };

@customElement("sre-before-after")
export class BeforeAfter extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    css`
      .moments { display: flex; flex-wrap: wrap; gap: var(--space-1) var(--space-5); margin-block: var(--space-3); }
      .moments li { display: flex; gap: var(--space-2); align-items: baseline; }
      .moments b { font: var(--type-label); color: var(--text-3); }
      .moments .after { color: var(--text-2); }
      .gone { margin-block-end: var(--space-3); }
      .lanes { display: grid; gap: var(--space-1); }
      .lane { display: grid; grid-template-columns: var(--lane-name) 1fr; align-items: center; gap: var(--space-3); }
      .lane > span { color: var(--text-2); font: var(--type-small); }
      .track { position: relative; block-size: var(--lane); background: var(--raised); border-radius: var(--radius-chip); overflow: hidden; }
      .bar { position: absolute; inset-block: 0; min-inline-size: var(--edge); background: var(--text-3); border-radius: var(--edge); }
      .bar.act, .bar.undo { background: var(--acting); }
      .bar.open { background: transparent; border: var(--stroke) dashed var(--acting); }
      .ends { display: flex; justify-content: space-between; padding-inline-start: calc(var(--lane-name) + var(--space-3)); color: var(--text-3); font: var(--type-small); }
      @media ${narrow} { :host { --chart-block: var(--chart-small); } .moments { display: grid; } }
      @media ${forced} { .bar { background: CanvasText; } .track { border: var(--hairline) solid CanvasText; } }
    `,
  ];

  protected override render() {
    const { chart, moments, lanes } = this.shown;
    const data = chartData(chart);
    const known = data.value.some((value) => value !== null);
    const { since, until } = spanOf(this.shown, store.now());
    return html`<section class="panel" aria-labelledby="heading">
      <div class="head"><h2 id="heading">Before and after</h2><span class="second words">${chart.shows} of ${chart.of || "the journey"}</span></div>
      <ol class="moments">${moments.map((moment, index) => html`<li><b>${index + 1}</b><span>${moment.name}</span><span class="after" title="after the first symptom">${index ? later(moment.after_s) : clock(moment.at)}</span></li>`)}</ol>
      ${
        known
          ? html`<sre-chart .data=${data} .since=${since} .until=${until} .marks=${moments.map((moment, index) => this.mark(moment, index))} what="${chart.shows} of ${chart.of}"></sre-chart>`
          : html`<p class="second words gone">${chart.why || "No values of this time are kept."}</p>`
      }
      ${lanes.length ? this.lanes(lanes) : nothing}
    </section>`;
  }

  private mark(moment: Moment, index: number) {
    return { at: moment.at, label: String(index + 1), colour: COLOURS[moment.name] ?? "text-2" };
  }

  private lanes(lanes: readonly Lane[]) {
    const since = Math.min(this.shown.since, ...lanes.map((lane) => lane.since));
    const until = Math.max(since + 1000, ...lanes.map((lane) => lane.until ?? store.now()));
    const who = [...new Set(lanes.map((lane) => lane.who))];
    return html`<div class="lanes" role="list" aria-label="Who worked when">${who.map(
      (name) => html`<div class="lane" role="listitem"><span class="line">${name}</span><div class="track">${lanes
        .filter((lane) => lane.who === name)
        .map((lane) => this.bar(lane, since, until))}</div></div>`,
    )}</div><div class="ends" aria-hidden="true"><span>${clock(since)}</span><span>${later((until - since) / 1000)}</span></div>`;
  }

  private bar(lane: Lane, since: number, until: number) {
    const end = lane.until ?? until;
    const words = `${lane.step}: ${later((lane.since - since) / 1000)}, ${lane.until === null ? "still going on" : `took ${seconds((end - lane.since) / 1000)}`}`;
    const style = { "inset-inline-start": `${((lane.since - since) / (until - since)) * 100}%`, "inline-size": `${((end - lane.since) / (until - since)) * 100}%` };
    return html`<div class="bar ${lane.step} ${lane.until === null ? "open" : ""}" role="img" aria-label=${words} title=${words} ${place(style)}></div>`;
  }
}
