// `<sre-others>`: why not another cause, and what would settle it.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer, OtherCause } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { percent } from "../words/numbers.ts";

@customElement("sre-others")
export class Others extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    css`li { display: grid; gap: var(--space-1); padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); } li:first-child { border: 0; padding-block-start: 0; }
      .name { display: flex; gap: var(--space-3); justify-content: space-between; }
      .share { white-space: nowrap; }`,
  ];

  protected override render() {
    const { others, others_why: why } = this.shown;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Why not</h2></div>
      ${others.length ? html`<ul>${others.map((other) => this.other(other))}</ul>` : note(why || "No other cause was found.")}</section>`;
  }

  private other(other: OtherCause) {
    return html`<li><span class="name"><strong class="words">${other.service}: ${other.kind}${other.operation ? html` <span class="second">(${other.operation})</span>` : ""}</strong><span class="share" title="the share of the failed requests that it explains">${percent(other.score)}</span></span>
      <span class="second words">${coded(other.why_not)}</span>${other.settles ? html`<span class="third small words">Would settle it: ${coded(other.settles)}</span>` : ""}</li>`;
  }
}
