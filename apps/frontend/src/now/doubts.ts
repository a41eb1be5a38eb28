// `<sre-doubts>`: what is not judged and what is excused, each with its because.
import { css, html, nothing } from "lit";
import { customElement } from "lit/decorators.js";
import type { Doubt, Excuse } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { many } from "../words/numbers.ts";
import "../elements/state-shape.ts";

@customElement("sre-doubts")
export class Doubts extends PageElement {
  static override styles = [
    shared,
    css`
      :host(:empty) { display: block; }
      ul { display: grid; margin-block-start: var(--space-2); }
      li { display: flex; flex-wrap: wrap; align-items: center; gap: 0 var(--space-3); padding-block: var(--space-1); border-block-start: var(--hairline) solid var(--line); }
      summary strong { color: var(--text-1); }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const doubts = [...store.panels.doubts.values()];
    const excused = [...store.panels.excused.values()];
    if (!doubts.length && !excused.length) return nothing;
    const parts = [doubts.length ? `${many(doubts.length, "detector")} not judging` : "", excused.length ? `${many(excused.length, "finding")} excused` : ""];
    return html`<details class="panel"><summary class="second">${parts.filter(Boolean).join(", ")}, and why</summary>
      <ul>${doubts.map((doubt) => this.doubt(doubt))}${excused.map((excuse) => this.excuse(excuse))}</ul></details>`;
  }

  private doubt(doubt: Doubt) {
    return html`<li><sre-state .state=${doubt.state} size="small"></sre-state><span>${doubt.kind} of ${doubt.subject}${doubt.operation ? `, ${doubt.operation}` : ""}</span><span class="second words">${doubt.state}, because ${doubt.because}</span></li>`;
  }

  private excuse(excuse: Excuse) {
    const until = excuse.until === null ? nothing : html` until ${moment(excuse.until)}`;
    return html`<li><sre-state state="excused" size="small"></sre-state><span class="words">${excuse.services.join(", ") || "everything"}</span><span class="second words">excused, because ${excuse.because}, since ${moment(excuse.since)}${until}</span></li>`;
  }
}
