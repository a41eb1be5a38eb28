// `<sre-decision-foot>`: on a phone, the orders that an incident waits for, at the thumb.
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import type { DecisionSheet, Verdict } from "./decision-sheet.ts";
import "./decision-sheet.ts";

@customElement("sre-decision-foot")
export class DecisionFoot extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @state() private verdict: Verdict = "approve";
  @query("sre-decision-sheet") private sheet!: DecisionSheet;

  static override styles = [
    shared,
    css`
      .foot { position: fixed; z-index: 2; inset-inline: 0; inset-block-end: var(--bar); display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: var(--space-2); padding: var(--space-2) var(--space-4); background: var(--panel); border-block-start: var(--hairline) solid var(--line); }
      .room { block-size: calc(var(--touch) + var(--space-4)); }
    `,
  ];

  protected override render() {
    const decision = this.shown.decision;
    if (!decision?.waits) return nothing;
    const acts = decision.you.name
      ? html`<button class="first" ?disabled=${!decision.you.may} @click=${() => this.open("approve")}>Approve …</button><button ?disabled=${!decision.you.may} @click=${() => this.open("reject")}>Reject …</button>`
      : html`<button class="first" @click=${() => this.wish({ what: "sign in" })}>Sign in to decide</button>`;
    return html`<div class="room"></div><div class="foot">${acts}<button @click=${() => this.wish({ what: "hold" })}>Hold …</button></div>
      <sre-decision-sheet .shown=${this.shown} .verdict=${this.verdict} @ordered=${this.ordered}></sre-decision-sheet>`;
  }

  private open(verdict: Verdict): void {
    this.verdict = verdict;
    void this.updateComplete.then(() => this.sheet.show());
  }

  private ordered(): void {
    this.dispatchEvent(new Event("ordered"));
  }
}
