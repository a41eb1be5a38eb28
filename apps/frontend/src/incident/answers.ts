// `<sre-answers>`: why, what is done, is it over; of an incident that has ended also what was wrong.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { PageElement } from "../elements/page-element.ts";
import { broad, narrow, shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { type Answer, answersOf } from "../words/answers.ts";
import "../elements/state-shape.ts";

@customElement("sre-answers")
export class Answers extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    css`
      .cells { display: grid; grid-template-columns: minmax(0, 1fr); padding: 0; overflow: hidden; background: var(--line); gap: var(--hairline); }
      section { background: var(--panel); padding: var(--space-4); display: grid; align-content: start; gap: var(--space-1); }
      .text { display: flex; gap: var(--space-2); align-items: baseline; font: var(--type-title); overflow-wrap: anywhere; text-wrap: pretty; }
      .detail { color: var(--text-2); overflow-wrap: anywhere; }
      @media ${broad} { .cells { grid-auto-flow: column; grid-template-columns: none; grid-auto-columns: minmax(0, 1fr); } }
      @media ${narrow} { section { padding: var(--space-3) var(--space-4); } }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const { steps } = store.panels.loops.get(String(this.shown.number)) ?? this.shown.loop;
    return html`<div class="panel cells">${answersOf(this.shown, steps).map((answer) => this.cell(answer))}</div>`;
  }

  private cell({ asks, text, detail, state }: Answer) {
    return html`<section aria-label=${asks}><h2>${asks}</h2>
      <p class="text">${state ? html`<sre-state .state=${state} size="small" silent></sre-state>` : nothing}<span>${coded(text || "Not known yet")}</span></p>
      ${detail ? html`<p class="detail">${coded(detail)}</p>` : nothing}</section>`;
  }
}
