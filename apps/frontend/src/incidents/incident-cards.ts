// `<sre-incident-cards>`: the list on a phone, three lines each.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { IncidentRow } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { seconds } from "../words/numbers.ts";
import { causeWords, outcomeWords } from "./row-words.ts";
import "../elements/state-shape.ts";

@customElement("sre-incident-cards")
export class IncidentCards extends PageElement {
  @property({ attribute: false }) rows: readonly IncidentRow[] = [];

  static override styles = [
    shared,
    css`li { border-block-start: var(--hairline) solid var(--line); } a { display: grid; gap: var(--space-1); padding-block: var(--space-3); color: inherit; }
      .top { display: flex; align-items: center; gap: var(--space-2); } .top .push { margin-inline-start: auto; }`,
  ];

  protected override render() {
    return html`<ul>${repeat(
      this.rows,
      (row) => row.number,
      (row) => html`<li><a href="incidents/${row.number}">
        <span class="top"><sre-state .state=${row.state}></sre-state><strong>${row.number}</strong><span class="second">${moment(row.opened)}</span><span class="push second">${row.lasted_s === null ? "" : seconds(row.lasted_s)}</span></span>
        <span class="words">${causeWords(row) || `${row.kind}, ${row.services.join(", ")}`}</span>
        <span class="second words">${[row.done, outcomeWords(row)].filter(Boolean).join(": ")}</span></a></li>`,
    )}</ul>`;
  }
}
