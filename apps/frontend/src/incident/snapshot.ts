// `<sre-snapshot>`: how each service was when the incident was opened, and whom to ask about it.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer, ServiceThen } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { bytes, percent, rate, seconds } from "../words/numbers.ts";

@customElement("sre-snapshot")
export class Snapshot extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [shared, css`li { padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); } li:first-child { border: 0; padding-block-start: 0; }`];

  protected override render() {
    const { snapshot, contacts } = this.shown;
    if (!snapshot.length && !contacts.length) return nothing;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">When it was opened</h2></div>
      <ul>${snapshot.map((then) => this.service(then))}${contacts.map((contact) => html`<li class="words">${contact.service}: ask ${contact.owner || "nobody named"}${contact.runbook ? html`, <a href=${contact.runbook} target="_blank" rel="noreferrer">runbook</a>` : nothing}</li>`)}</ul></section>`;
  }

  private service(then: ServiceThen) {
    const parts = [rate(then.rate), `errors ${percent(then.errors)}`, `p95 ${seconds(then.p95_s)}`, then.memory === null ? "" : bytes(then.memory)];
    return html`<li><p class="words"><strong>${then.service}</strong> ${then.state}</p><p class="second small">${parts.filter(Boolean).join(", ")}</p>
      ${then.lines.map((line) => html`<p class="mono third">${line}</p>`)}</li>`;
  }
}
