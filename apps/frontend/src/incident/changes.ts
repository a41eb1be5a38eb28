// `<sre-changes>`: what was changed in the hour before.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";

@customElement("sre-changes")
export class Changes extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [shared, css`li { padding-block: var(--space-1); }`];

  protected override render() {
    const { changes, changes_why: why } = this.shown;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Changes of the hour before</h2></div>
      ${changes.length ? html`<ul>${changes.map((change) => html`<li class="words"><span class="second">${moment(change.at)}</span> ${change.text} <span class="second">${change.services.join(", ")}</span></li>`)}</ul>` : note(why || "Nothing was changed.")}</section>`;
  }
}
