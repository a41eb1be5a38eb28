// `<sre-decision-sheet>`: repeats the exact change and its expiry before an order is given; the focus begins on Cancel.
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { order } from "../api/client.ts";
import type { IncidentAnswer } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import type { Sheet } from "../elements/sheet.ts";
import { store } from "../state/store.ts";
import { countdown } from "../words/numbers.ts";
import { actStyles } from "../acting/act-styles.ts";
import "../elements/sheet.ts";
import "./edits.ts";

export type Verdict = "approve" | "reject";

@customElement("sre-decision-sheet")
export class DecisionSheet extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @property({ attribute: false }) verdict: Verdict = "approve";
  @state() private busy = false;
  @state() private problem = "";
  @query("sre-sheet") private sheet!: Sheet;

  static override styles = [shared, actStyles, css`.deed { font: var(--type-title); overflow-wrap: anywhere; }`];

  /** Open it. */
  show(): void {
    this.problem = "";
    void this.sheet.show();
  }

  protected override render() {
    const decision = this.shown.decision;
    const word = this.verdict === "approve" ? "Approve" : "Reject";
    return html`<sre-sheet heading="${word} this change?">${
      decision
        ? html`<div class="act">
      <p class="deed">${decision.deed}</p><p class="mono second">${decision.command}</p>
      ${decision.edits.length ? html`<sre-edits .edits=${decision.edits}></sre-edits>` : nothing}
      <p class="second words">Way back: ${decision.way_back}.</p>
      <p class="second">Plan <span class="mono">${decision.plan}</span>, expires in ${countdown(decision.expires - store.now())}, at ${moment(decision.expires)}.</p>
      <p class="words said">${decision.you.why}.</p>
      ${this.problem ? html`<p class="words" role="alert">${this.problem}</p>` : nothing}
      <div class="buttons"><button autofocus @click=${() => this.sheet.close()}>Cancel</button>
        <button class="first" ?disabled=${this.busy || !decision.you.may} @click=${this.give}>${word}</button></div></div>`
        : nothing
    }</sre-sheet>`;
  }

  private async give(): Promise<void> {
    const decision = this.shown.decision;
    if (!decision) return;
    this.busy = true;
    const answer = await order({ verb: this.verdict, incident: this.shown.number, plan: decision.plan });
    this.busy = false;
    if (!answer.ok) {
      this.problem = answer.problem.detail || answer.problem.title;
      return;
    }
    this.sheet.close();
    this.wish({ what: "notice", text: answer.value.text });
    this.dispatchEvent(new Event("ordered"));
  }
}
