// `<sre-now>`: whether customers are served, what the agents do about it, and how each service is.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { broad, shared } from "../elements/shared.ts";
import { Followed } from "../state/followed.ts";
import { store } from "../state/store.ts";
import "../elements/sentence.ts";
import "../incident/answers.ts";
import "./agents-line.ts";
import "./doubts.ts";
import "./feed.ts";
import "./journey.ts";
import "./journey-row.ts";
import "./loop-strip.ts";
import "./map.ts";
import "./objective.ts";
import "./services.ts";

@customElement("sre-now")
export class NowView extends PageElement {
  /** The incident that the sentence is about. */
  private readonly told = new Followed(this);

  static override styles = [
    shared,
    css`
      .grid { display: grid; gap: var(--space-4); grid-template-columns: minmax(0, 1fr); }
      .loops { display: grid; gap: var(--space-2); }
      .stack { display: flex; flex-direction: column; gap: var(--space-4); min-width: 0; }
      .stack > sre-services { flex-grow: 1; min-width: 0; }
      @media ${broad} {
        .grid { gap: var(--space-5); grid-template-columns: repeat(12, minmax(0, 1fr)); }
        .grid > * { grid-column: span 12; }
        .grid > .eight { grid-column: span 8; }
        .grid > .four { grid-column: span 4; }
        .stack { gap: var(--space-5); }
      }
    `,
  ];

  protected override willUpdate(): void {
    this.told.follow(store.panels.sentence.get("")?.incident ?? 0);
  }

  protected override render() {
    const panels = store.panels;
    const [first, ...others] = panels.journeys.values();
    const loops = [...panels.loops.values()];
    const told = this.told.value;
    return html`<div class="grid">
      <sre-sentence .sentence=${panels.sentence.get("")} .below=${told ? this.below(told) : undefined} opens instead=${store.refused || "Asking the agents …"}></sre-sentence>
      ${told ? html`<sre-answers .shown=${told}></sre-answers>` : nothing}
      ${loops.length ? html`<div class="loops">${loops.map((loop) => html`<sre-loop .loop=${loop} linked></sre-loop>`)}</div>` : nothing}
      <sre-journey class="eight" .journey=${first}></sre-journey>
      <sre-objective class="four" .journey=${first}></sre-objective>
      ${others.length ? html`<section class="panel" aria-label="Further journeys">${others.map((journey) => html`<sre-journey-row .journey=${journey}></sre-journey-row>`)}</section>` : nothing}
      <div class="eight stack">${loops.length ? nothing : html`<sre-agents></sre-agents>`}<sre-services></sre-services>${panels.doubts.size + panels.excused.size ? html`<sre-doubts></sre-doubts>` : nothing}</div>
      <sre-map class="four" .failing=${loops.length > 0}></sre-map>
      <sre-feed></sre-feed>
    </div>`;
  }

  /** What stands below the sentence while the four questions are answered beneath it. */
  private below(told: IncidentAnswer): string {
    const others = [...store.panels.loops.values()].filter((loop) => loop.incident !== told.number).map((loop) => loop.incident);
    const halted = store.panels.mode.get("")?.halted ? "The agents are HALTED: nothing is done." : "";
    return [told.answers.wrong.detail, halted, others.length ? `Also open: ${others.join(", ")}.` : ""].filter(Boolean).join(" ");
  }
}
