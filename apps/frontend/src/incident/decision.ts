// `<sre-decision>`: the exact change, every rule, the way back, the expiry, and whether you may, before the click.
import { css, html, nothing } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { DecisionNow, Edit, IncidentAnswer, TrialRow } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { deed } from "../words/answers.ts";
import { countdown, many } from "../words/numbers.ts";
import type { DecisionSheet, Verdict } from "./decision-sheet.ts";
import "./decision-sheet.ts";
import "./edits.ts";

@customElement("sre-decision")
export class Decision extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @state() private verdict: Verdict = "approve";
  @query("sre-decision-sheet") private sheet!: DecisionSheet;

  static override styles = [
    shared,
    css`
      .command { margin-block-end: var(--space-2); }
      .deed { font: var(--type-title); overflow-wrap: anywhere; margin-block-end: var(--space-1); }
      dl { display: grid; grid-template-columns: auto 1fr; gap: var(--space-2) var(--space-4); margin-block: var(--space-3); }
      dt { color: var(--text-3); }
      dd { overflow-wrap: anywhere; }
      .rules li { display: grid; grid-template-columns: auto 1fr; gap: var(--space-2); padding-block: var(--space-1); }
      .acts { display: grid; grid-template-columns: 1fr 1fr; gap: var(--space-2); margin-block: var(--space-3) var(--space-2); }
      .acts button { min-height: var(--row); }
      .trial { border-block-start: var(--hairline) solid var(--line); padding-block: var(--space-2); }
      details { margin-block-start: var(--space-2); }
      .waits { border-color: var(--degraded); }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  /** Open the sheet for an order; it confirms nothing by itself. */
  open(verdict: Verdict): void {
    this.verdict = verdict;
    void this.updateComplete.then(() => this.sheet?.show());
  }

  protected override render() {
    const { decision, trials } = this.shown;
    return html`<section class="panel ${decision?.waits ? "waits" : ""}" aria-labelledby="heading"><div class="head"><h2 id="heading">Decision</h2>${
      decision ? html`<span class="push chip">${decision.verdict}</span>` : nothing
    }</div>${decision ? this.decided(decision) : note("Nothing is decided yet.")}${trials.map((trial) => this.trial(trial))}</section>
    <sre-decision-sheet .shown=${this.shown} .verdict=${this.verdict} @ordered=${this.ordered}></sre-decision-sheet>`;
  }

  private decided(decision: DecisionNow) {
    return html`<p class="deed">${deed(decision)}</p><p class="command mono second">${decision.command}</p><p class="second words">${coded(decision.reason)}</p>
      ${this.edits(decision.edits)}
      <dl><dt>Way back</dt><dd>${coded(decision.way_back)}</dd>
        <dt>Decided</dt><dd>${moment(decision.at)}${decision.attempt > 1 ? `, attempt ${decision.attempt}` : ""}</dd>
        ${decision.waits ? html`<dt>Expires</dt><dd>in ${countdown(decision.expires - store.now())}, at ${moment(decision.expires)}</dd>` : nothing}
        <dt>You</dt><dd class="said">${decision.you.why}</dd></dl>
      ${decision.waits ? this.acts(decision) : nothing}
      <details ?open=${decision.refused > 0}><summary class="second">${this.ruleWords(decision)}</summary><ul class="rules">${decision.rules.map(
        (rule) => html`<li><span aria-hidden="true">${rule.allowed ? "✓" : "✗"}</span><span class="words"><strong>${rule.rule}</strong> <span class="second">${rule.allowed ? "" : "refuses: "}${coded(rule.reason)}</span></span></li>`,
      )}</ul></details>`;
  }

  private edits(edits: readonly Edit[]) {
    return edits.length ? html`<sre-edits .edits=${edits}></sre-edits>` : nothing;
  }

  private ruleWords(decision: DecisionNow): string {
    if (!decision.rules.length) return "No rule was asked";
    return decision.refused ? `${many(decision.refused, "rule")} of ${decision.rules.length} refused` : `All ${decision.rules.length} rules allow it`;
  }

  private acts(decision: DecisionNow) {
    if (decision.you.name === null) return html`<div class="acts"><button @click=${() => this.wish({ what: "sign in" })}>Sign in to decide</button></div>`;
    return html`<div class="acts"><button class="first" ?disabled=${!decision.you.may} @click=${() => this.open("approve")}>Approve …</button>
      <button ?disabled=${!decision.you.may} @click=${() => this.open("reject")}>Reject …</button></div>`;
  }

  private trial(trial: TrialRow) {
    const after = [trial.before && `before: ${trial.before}`, trial.after && `after: ${trial.after}`].filter(Boolean).join("; ");
    return html`<div class="trial"><p class="words"><strong>${trial.result}</strong> ${moment(trial.at)} <span class="second">${coded(trial.detail)}</span></p>
      <p class="second small words">${trial.outcome ? `Scout: ${trial.outcome}` : "not measured yet"}${trial.undone ? `, undone: ${trial.undone}` : trial.in_force ? ", in force" : ""}</p>
      ${after ? html`<details><summary class="third small">the unit before and after</summary><p class="second small words">${after}</p></details>` : nothing}</div>`;
  }

  private ordered(): void {
    this.dispatchEvent(new Event("ordered"));
  }
}
