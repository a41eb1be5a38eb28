// `<sre-objective>`: the promise, what is left of its budget, and how fast it is spent.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Burn, JourneyNow, Objective as Promised } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { place } from "../elements/place.ts";
import { forced, narrow, shared } from "../elements/shared.ts";
import { percent, seconds, times } from "../words/numbers.ts";
import "../elements/state-shape.ts";

const BUDGET_S = 30 * 86_400;

@customElement("sre-objective")
export class Objective extends PageElement {
  @property({ attribute: false }) journey: JourneyNow | undefined;

  static override styles = [
    shared,
    css`
      :host { display: grid; }
      .left { font: var(--type-sentence); letter-spacing: var(--tracking-large); }
      .bar { block-size: var(--meter); border-radius: var(--radius-round); background: var(--raised); overflow: hidden; margin-block: var(--space-2) var(--space-4); }
      .fill { block-size: 100%; inline-size: 0%; background: var(--text-2); border-radius: var(--radius-round); }
      .fill.spent { background: var(--failing); }
      table { inline-size: 100%; border-collapse: collapse; }
      th, td { text-align: start; padding: var(--space-1) 0; font: var(--type-body); vertical-align: top; border-block-start: var(--hairline) solid var(--line); }
      thead th { font: var(--type-small); color: var(--text-3); border: 0; }
      td.n, th.n { text-align: end; }
      .because { display: block; color: var(--text-2); font: var(--type-small); }
      .lasts { margin-block-start: var(--space-3); }
      tbody th { font: var(--type-strong); }
      .state { display: inline-flex; gap: var(--space-2); align-items: center; }
      @media ${forced} { .bar { border: var(--hairline) solid CanvasText; } .fill { background: CanvasText; } }
      @media ${narrow} { table { display: none; } .left { font: var(--type-title); } .bar { margin-block-end: 0; } }
    `,
  ];

  protected override render() {
    const promised = this.journey?.objective;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Objective</h2>${
      promised ? html`<span class="push second">SLO ${percent(promised.slo)}</span>` : nothing
    }</div>${promised ? this.budget(promised) : html`<p class="second">${this.journey ? "This journey promises nothing: no SLO is configured." : "Not known yet."}</p>`}</section>`;
  }

  private budget(promised: Promised) {
    const left = promised.budget_left;
    const share = Math.max(0, Math.min(1, left ?? 0));
    return html`
      <p><span class="left">${left === null ? "Unknown" : left < 0 ? `${percent(-left)} over` : percent(left)}</span> <span class="second">${left !== null && left < 0 ? "budget, 30 days" : "of the error budget left, 30 days"}</span></p>
      <div class="bar" role="img" aria-label="error budget left: ${percent(left)}"><div class="fill ${left !== null && left <= 0 ? "spent" : ""}" ${place({ "inline-size": `${share * 100}%` })}></div></div>
      <table><thead><tr><th scope="col">Budget burnt over</th><th scope="col" class="n">rate</th><th scope="col" class="n">alerts above</th></tr></thead>
        <tbody>${promised.burns.map((burn) => this.burn(burn))}</tbody></table>
      ${this.lasts(promised)}`;
  }

  /** How long the budget lasts at the rate of the shortest rule, where that is shorter than its 30 days. */
  private lasts({ budget_left: left, burns }: Promised) {
    const [first] = burns;
    if (left === null || left <= 0 || !first?.judges || first.rate === null || first.rate <= 1) return nothing;
    return html`<p class="second lasts">At the ${first.window} rate the rest lasts ${seconds((left * BUDGET_S) / first.rate)}.</p>`;
  }

  private burn(burn: Burn) {
    return html`<tr><th scope="row">${burn.window}</th><td class="n">${this.rate(burn)}</td><td class="n">${times(burn.factor)}</td></tr>`;
  }

  /** The rate, or that it cannot be judged, and why: a low rate of too little data would look calm. */
  private rate(burn: Burn) {
    if (burn.firing) return html`<span class="state"><sre-state state="failing" size="small"></sre-state>${times(burn.rate)}</span>`;
    return burn.judges ? times(burn.rate) : html`not judged<span class="because">${burn.why}</span>`;
  }
}
