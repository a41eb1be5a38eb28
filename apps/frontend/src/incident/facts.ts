// `<sre-facts>`: every fact with its signature, what does not count, and people's orders.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { FactRow, IncidentAnswer } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { rich } from "../elements/rich.ts";
import { narrow, shared } from "../elements/shared.ts";
import { later, many } from "../words/numbers.ts";
import { richStyles } from "./rich-styles.ts";

@customElement("sre-facts")
export class Facts extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    richStyles,
    css`
      .fact { border-block-start: var(--hairline) solid var(--line); }
      summary { display: grid; grid-template-columns: var(--space-5) var(--lane-name) var(--lane-name) 1fr auto; gap: 0 var(--space-3); align-items: center; min-height: var(--row); list-style: none; padding-block: var(--space-1); }
      summary::-webkit-details-marker { display: none; }
      summary:hover { background: var(--raised); }
      .body { display: grid; gap: var(--space-3); padding: var(--space-2) 0 var(--space-4) calc(var(--space-5) + var(--space-3)); }
      .mark { font: var(--type-label); color: var(--text-3); }
      .void { margin-block-start: var(--space-3); }
      @media ${narrow} { summary { grid-template-columns: auto auto 1fr auto; } summary::after { display: none; } summary .words { grid-column: 1 / -1; grid-row: 2; white-space: normal; } .body { padding-inline-start: 0; } }
    `,
  ];

  protected override render() {
    const { facts, frozen } = this.shown;
    const signed = facts.filter((fact) => fact.signature_ok && fact.chained).length;
    const words = signed === facts.length ? `${many(facts.length, "fact")}, every signature verified` : `${signed} of ${facts.length} signatures verified`;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Facts</h2><span class="second small">${facts.length ? words : ""}</span></div>
      ${frozen ? html`<p class="words" role="alert">Nothing more is done here: ${frozen}</p>` : nothing}
      ${facts.length ? facts.map((fact) => this.fact(fact)) : note("No fact is recorded.")}${this.rest()}</section>`;
  }

  private fact(fact: FactRow) {
    const good = fact.signature_ok && fact.chained;
    return html`<details class="fact" data-fact=${fact.seq}><summary><span class="third">${fact.seq}</span><span>${fact.step}${this.mark(fact)}</span><span class="second">${later(fact.after_s)}</span><span class="words second">${coded(fact.text)}</span>
      <span title="signed by key ${fact.key}" class=${good ? "second" : ""}>${good ? "✓ signed" : "✗ not verified"}</span></summary>
      <div class="body"><p class="second">${fact.agent}, ${moment(fact.at)}${fact.attempt > 1 ? `, attempt ${fact.attempt}` : ""}</p>${rich(fact.html)}
      <p class="mono third">key ${fact.key}, digest ${fact.digest}</p></div></details>`;
  }

  /** The number of its mark on the chart, where it has one. */
  private mark(fact: FactRow) {
    const index = this.shown.moments.findIndex((one) => one.seq === fact.seq);
    return index < 0 ? nothing : html` <b class="mark" title="mark ${index + 1} of the chart above">${index + 1}</b>`;
  }

  private rest() {
    const { void: claims, orders } = this.shown;
    return html`${orders.map((order) => html`<p class="void words">${order.by} ordered <strong>${order.verb}</strong>${order.plan ? html` of plan <span class="mono">${order.plan}</span>` : nothing}</p>`)}
      ${claims.map((claim) => html`<p class="void second words">Comment ${claim.place} does not count: ${claim.reason}</p>`)}`;
  }
}
