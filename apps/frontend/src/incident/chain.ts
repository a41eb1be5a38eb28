// `<sre-chain>`: the causal chain, the cause first; each step checked or struck out, with what it cites.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { ChainLink, IncidentAnswer } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { evidenceName } from "./evidence-words.ts";

@customElement("sre-chain")
export class Chain extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;
  @property() evidence = "";

  static override styles = [
    shared,
    css`
      li { display: grid; grid-template-columns: auto 1fr; gap: var(--space-1) var(--space-3); padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); }
      li:first-child { border: 0; }
      .check { font: var(--type-title); color: var(--text-2); }
      .claim { font: var(--type-large); overflow-wrap: anywhere; }
      .struck .claim { text-decoration: line-through; color: var(--text-2); }
      .chips { grid-column: 2; display: flex; flex-wrap: wrap; gap: var(--space-2); }
      .chips { min-width: 0; }
      .chips button { font: var(--type-small); max-inline-size: 100%; min-width: 0; }
    `,
  ];

  protected override render() {
    const { chain, chain_why: why } = this.shown;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">${this.suspected ? "Suspicion" : "Chain"}</h2></div>
      ${chain.length ? html`<ol>${chain.map((link) => this.link(link))}</ol>` : note(why || "No cause is decided yet.")}
      ${chain.length && this.suspected ? html`<p class="second words">A suspicion only: what it cites exists, yet the cause was not found.</p>` : nothing}
      ${chain.length && why ? html`<p class="second small words">${why}</p>` : nothing}</section>`;
  }

  /** Whether no cause was found: then no step is shown as checked. */
  private get suspected(): boolean {
    return this.shown.decision?.verdict === "INCONCLUSIVE";
  }

  private link(link: ChainLink) {
    const good = this.suspected ? { sign: "?", words: "suspected, not proven" } : { sign: "✓", words: "checked" };
    const { sign, words } = link.checked ? good : { sign: "✗", words: "struck out: evidence that it cites does not exist" };
    return html`<li class=${link.checked ? "" : "struck"}><span class="check" aria-hidden="true">${sign}</span>
      <span class="claim">${coded(link.claim)}<span class="unseen">, ${words}</span></span>
      <span class="chips">${link.evidence.map((id) => html`<button aria-pressed=${id === this.evidence} title=${this.statement(id)} @click=${() => this.open(id)}><span class="line">${evidenceName(id)}</span></button>`)}</span></li>`;
  }

  private statement(id: string): string {
    return this.shown.evidence.find((item) => item.id === id)?.statement ?? id;
  }

  private open(id: string): void {
    this.dispatchEvent(new CustomEvent("evidence", { detail: id }));
  }
}
