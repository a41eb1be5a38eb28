// `<sre-decision-foot>`: on a phone, the orders that an incident waits for, at the thumb.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import { shared } from "../elements/shared.ts";
import { Deciding } from "./deciding.ts";

@customElement("sre-decision-foot")
export class DecisionFoot extends Deciding {
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
    return html`<div class="room"></div><div class="foot">${this.orders(decision)}<button @click=${() => this.wish({ what: "hold" })}>Hold …</button></div>${this.sheetBelow()}`;
  }
}
