// `<sre-seen-before>`: remembered incidents like this one, and whether what was done then helped.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer, SeenBefore as Past } from "../api/types.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { percent } from "../words/numbers.ts";

@customElement("sre-seen-before")
export class SeenBefore extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [shared, css`li { padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); } li:first-child { border: 0; padding-block-start: 0; }`];

  protected override render() {
    const { seen_before: seen, seen_before_why: why } = this.shown;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Seen before</h2></div>
      ${seen.length ? html`<ul>${seen.map((past) => this.past(past))}</ul>` : note(why || "Nothing like it is remembered.")}</section>`;
  }

  private past(past: Past) {
    return html`<li><p class="words"><a href="incidents/${past.issue}">Incident ${past.issue}</a>, ${percent(past.similarity)} alike: ${past.cause}</p>
      <p class="second words">${remedied(past)}</p>
      ${past.said ? html`<p class="third small words">${past.said_by || "a person"}: ${past.said}</p>` : nothing}</li>`;
  }
}

function remedied({ remedy, helped }: Past): string {
  if (remedy === "no action") return "nothing was changed";
  return `${remedy.replace(/^MITIGATION: /, "")} ${helped ? "helped" : "did not help"}`;
}
