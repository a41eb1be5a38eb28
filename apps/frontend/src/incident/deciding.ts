// What the decision and its foot on a phone share: the orders on a plan that waits, and the sheet that repeats it.
import { html } from "lit";
import { property, query, state } from "lit/decorators.js";
import type { DecisionNow, IncidentAnswer } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import type { DecisionSheet, Verdict } from "./decision-sheet.ts";
import "./decision-sheet.ts";

/** An element from which a plan is approved or rejected. */
export abstract class Deciding extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @state() private verdict: Verdict = "approve";
  @query("sre-decision-sheet") private sheet!: DecisionSheet | null;

  /** Open the sheet for an order; it confirms nothing by itself. */
  open(verdict: Verdict): void {
    this.verdict = verdict;
    void this.updateComplete.then(() => this.sheet?.show());
  }

  /** The buttons: the two orders, or signing in for them. */
  protected orders({ you }: DecisionNow) {
    if (you.name === null) return html`<button class="first" @click=${() => this.wish({ what: "sign in" })}>Sign in to decide</button>`;
    return html`<button class="first" ?disabled=${!you.may} @click=${() => this.open("approve")}>Approve …</button>
      <button ?disabled=${!you.may} @click=${() => this.open("reject")}>Reject …</button>`;
  }

  protected sheetBelow() {
    return html`<sre-decision-sheet .shown=${this.shown} .verdict=${this.verdict} @ordered=${this.ordered}></sre-decision-sheet>`;
  }

  private ordered(): void {
    this.dispatchEvent(new Event("ordered"));
  }
}
