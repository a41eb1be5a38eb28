// `<sre-changes>`: what was changed in the hour before, each with what it changed.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer, Mark } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";

@customElement("sre-changes")
export class Changes extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    css`
      li { padding-block: var(--space-1); }
      summary { cursor: pointer; color: var(--text-2); font: var(--type-small); }
      pre { margin-block: var(--space-2); padding: var(--space-2) var(--space-3); background: var(--page); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); font: var(--type-mono-body); overflow-x: auto; }
    `,
  ];

  protected override render() {
    const { changes, changes_why: why } = this.shown;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Changes of the hour before</h2></div>
      ${changes.length ? html`<ul>${changes.map(this.change)}</ul>` : note(why || "Nothing was changed.")}</section>`;
  }

  private readonly change = (change: Mark) => html`<li class="words"><span class="second">${moment(change.at)}</span> ${change.text}<span class="second">${change.services.length ? `, in ${change.services.join(", ")}` : ""}</span>
    ${change.diff ? html`<details><summary>what it changed</summary><pre tabindex="0">${change.diff}</pre></details>` : nothing}</li>`;
}
