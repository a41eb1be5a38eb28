// `<sre-answers>`: the four questions, answered in words.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { FourAnswers, Question } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { broad, narrow, shared } from "../elements/shared.ts";
import "../elements/state-shape.ts";

@customElement("sre-answers")
export class Answers extends PageElement {
  @property({ attribute: false }) answers!: FourAnswers;

  static override styles = [
    shared,
    css`
      .four { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); padding: 0; overflow: hidden; background: var(--line); gap: var(--hairline); }
      section { background: var(--panel); padding: var(--space-4); display: grid; align-content: start; gap: var(--space-1); }
      h2 { display: flex; align-items: center; gap: var(--space-2); margin-block-end: var(--space-1); }
      .text { font: var(--type-title); overflow-wrap: anywhere; text-wrap: pretty; }
      .detail { color: var(--text-2); overflow-wrap: anywhere; }
      @media ${broad} { .four { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
      @media ${narrow} { .four { grid-template-columns: minmax(0, 1fr); } section { padding: var(--space-3) var(--space-4); } .text { font: var(--type-title); } }
    `,
  ];

  protected override render() {
    const { wrong, why, done, over } = this.answers;
    return html`<div class="panel four">${this.cell("What is wrong", wrong)}${this.cell("Why", why)}${this.cell("What was done", done)}${this.cell("Is it over", over)}</div>`;
  }

  private cell(name: string, question: Question) {
    return html`<section aria-label=${name}><h2><sre-state .state=${question.state} size="small" silent></sre-state>${name}</h2>
      <p class="text">${question.text || "Not known yet"}</p><p class="detail">${question.detail}</p></section>`;
  }
}
