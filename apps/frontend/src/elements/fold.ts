// `<sre-fold>`: on a phone, a panel behind its heading.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { PageElement } from "./page-element.ts";
import { shared } from "./shared.ts";

@customElement("sre-fold")
export class Fold extends PageElement {
  @property() heading = "";
  @property({ type: Boolean }) open = false;

  static override styles = [
    shared,
    css`
      details { background: var(--panel); border: var(--hairline) solid var(--line); border-radius: var(--radius-panel); }
      summary { list-style: none; padding-inline: var(--space-4); font: var(--type-strong); }
      summary::-webkit-details-marker { display: none; }
      slot { --heading: none; --head-block: auto; --head-below: 0; --panel-line: transparent; }
    `,
  ];

  protected override render() {
    return html`<details ?open=${this.open}><summary>${this.heading}</summary><slot></slot></details>`;
  }
}
