// `<sre-incident-table>`: the list on a wide page.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { IncidentRow } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { count, seconds } from "../words/numbers.ts";
import { causeWords, outcomeWords } from "./row-words.ts";
import "../elements/state-shape.ts";

@customElement("sre-incident-table")
export class IncidentTable extends PageElement {
  @property({ attribute: false }) rows: readonly IncidentRow[] = [];

  static override styles = [
    shared,
    css`
      .scroll { overflow-x: auto; margin-inline: calc(-1 * var(--space-2)); }
      table { inline-size: 100%; border-collapse: collapse; }
      th, td { padding: var(--space-2); text-align: start; vertical-align: top; border-block-start: var(--hairline) solid var(--line); }
      thead th { font: var(--type-small); color: var(--text-3); border: 0; white-space: nowrap; }
      tbody tr:hover { background: var(--raised); }
      .n { text-align: end; white-space: nowrap; }
      .nowrap { white-space: nowrap; }
      .number { display: flex; align-items: center; gap: var(--space-2); font: var(--type-strong); }
      .two { overflow-wrap: anywhere; }
    `,
  ];

  protected override render() {
    return html`<div class="scroll" role="group" tabindex="0" aria-label="Incidents"><table>
      <thead><tr><th scope="col">Incident</th><th scope="col">Opened</th><th scope="col" class="n">Lasted</th><th scope="col">Where</th><th scope="col">Cause</th><th scope="col">Done</th><th scope="col">Outcome</th><th scope="col" class="n">Failed attempts</th></tr></thead>
      <tbody>${repeat(
        this.rows,
        (row) => row.number,
        (row) => this.row(row),
      )}</tbody></table></div>`;
  }

  private row(row: IncidentRow) {
    return html`<tr>
      <th scope="row"><span class="number"><sre-state .state=${row.state}></sre-state><a href="incidents/${row.number}">${row.number}</a></span></th>
      <td class="nowrap">${moment(row.opened)}</td>
      <td class="n">${row.lasted_s === null ? (row.is_open ? "open" : "–") : seconds(row.lasted_s)}</td>
      <td class="two">${row.services.join(", ")}<div class="third small">${row.kind}</div></td>
      <td class="two">${causeWords(row) || "not known"}${row.verdict ? html`<div class="third small">${row.verdict}</div>` : nothing}</td>
      <td class="two">${row.done || "nothing yet"}${row.by ? html`<div class="third small">by ${row.by === "agents" ? "the agents" : row.by}</div>` : nothing}</td>
      <td class="two">${outcomeWords(row)}${row.owner ? html`<div class="third small">owner ${row.owner}</div>` : nothing}</td>
      <td class="n">${count(row.failed_attempts)}</td></tr>`;
  }
}
