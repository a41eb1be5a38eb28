// `<sre-decision>`: the exact change, every rule, the way back, the expiry, and whether you may, before the click.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import type { DecisionNow, Edit, TrialRow } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { countdown, many } from "../words/numbers.ts";
import { Deciding } from "./deciding.ts";
import "./edits.ts";

@customElement("sre-decision")
export class Decision extends Deciding {
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

  protected override render() {
    const { decision, trials } = this.shown;
    return html`<section class="panel ${decision?.waits ? "waits" : ""}" aria-labelledby="heading"><div class="head"><h2 id="heading">Decision</h2>${
      decision ? html`<span class="push chip">${decision.verdict}</span>` : nothing
    }</div>${decision ? this.decided(decision) : note("Nothing is decided yet.")}${trials.map((trial) => this.trial(trial))}</section>${this.sheetBelow()}`;
  }

  private decided(decision: DecisionNow) {
    return html`<p class="deed">${decision.deed}</p><p class="command mono second">${decision.command}</p><p class="second words">${coded(decision.reason)}</p>
      ${this.edits(decision.edits)}
      <dl><dt>Way back</dt><dd>${coded(decision.way_back)}</dd>
        <dt>Decided</dt><dd>${moment(decision.at)}${decision.attempt > 1 ? `, attempt ${decision.attempt}` : ""}</dd>
        ${decision.waits ? html`<dt>Expires</dt><dd>in ${countdown(decision.expires - store.now())}, at ${moment(decision.expires)}</dd>` : nothing}
        <dt>You</dt><dd class="said">${decision.you.why}</dd></dl>
      ${decision.waits ? html`<div class="acts">${this.orders(decision)}</div>` : nothing}
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

  private trial(trial: TrialRow) {
    const after = [trial.before && `before: ${trial.before}`, trial.after && `after: ${trial.after}`].filter(Boolean).join("; ");
    return html`<div class="trial"><p class="words"><strong>${trial.result}</strong> ${moment(trial.at)} <span class="second">${coded(trial.detail)}</span></p>
      <p class="second small words">${trial.outcome ? `Scout: ${trial.outcome}` : "not measured yet"}${trial.undone ? `, undone: ${trial.undone}` : trial.in_force ? ", in force" : ""}</p>
      ${after ? html`<details><summary class="third small">the unit before and after</summary><p class="second small words">${after}</p></details>` : nothing}</div>`;
  }
}
