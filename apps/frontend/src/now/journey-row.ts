// `<sre-journey-row>`: a further journey in one line.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { JourneyNow } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { percent } from "../words/numbers.ts";
import "../elements/state-shape.ts";

@customElement("sre-journey-row")
export class JourneyRow extends PageElement {
  @property({ attribute: false }) journey!: JourneyNow;

  static override styles = [
    shared,
    css`p { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-1) var(--space-4); min-height: var(--row); }
      .value { font: var(--type-title); }`,
  ];

  protected override render() {
    const { name, shows, state, value, floor, usual, why } = this.journey;
    return html`<p><sre-state .state=${state}></sre-state><strong>${name}</strong><span class="value">${percent(value)}</span>
      <span class="second">${shows}, usual ${percent(usual)}, floor ${percent(floor)}</span><span class="second words">${why}</span></p>`;
  }
}
