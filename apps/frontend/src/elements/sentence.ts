// `<sre-sentence>`: the answer in words at the top of every view, as the server composed it, on glass.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Sentence } from "../api/types.ts";
import { colourOf } from "../words/states.ts";
import { coded } from "./coded.ts";
import { PageElement } from "./page-element.ts";
import { forced, narrow, shared, solid } from "./shared.ts";
import "./state-shape.ts";

@customElement("sre-sentence")
export class SentenceAtTop extends PageElement {
  @property({ attribute: false }) sentence: Sentence | undefined;
  /** Whether the incident can be opened from here. */
  @property({ type: Boolean }) opens = false;
  /** Whether the panel below it answers why, what is done and is it over: then only the first line, and this one. */
  @property({ attribute: false }) below: string | undefined;
  /** What stands there instead, as while nothing is known yet. */
  @property() instead = "";

  static override styles = [
    shared,
    css`
      .glass { position: relative; display: grid; grid-template-columns: auto 1fr auto; gap: var(--space-1) var(--space-4); align-items: center; padding: var(--space-5); border-radius: var(--radius-glass); background: var(--glass); border: var(--hairline) solid var(--glass-edge); box-shadow: 0 var(--space-1) var(--glow) var(--shade); backdrop-filter: blur(var(--blur-glass)); overflow: hidden; }
      .glass::before { content: ""; position: absolute; inset-block: 0; inset-inline-start: 0; inline-size: var(--space-1); background: transparent; }
      .failing::before { background: var(--failing); }
      .degraded::before { background: var(--degraded); }
      .acting::before { background: var(--acting); }
      .failing { border-color: var(--failing); }
      .degraded { border-color: var(--degraded); }
      .acting { border-color: var(--acting); }
      h1 { font: var(--type-sentence); text-wrap: balance; overflow-wrap: anywhere; letter-spacing: var(--tracking-large); }
      .detail { grid-column: 2; font: var(--type-large); color: var(--text-2); max-width: var(--prose-wide); overflow-wrap: anywhere; }
      .open { grid-row: 1 / span 2; grid-column: 3; }
      .open a { min-height: var(--row); padding-inline: var(--space-4); color: var(--page); background: var(--text-1); border-color: var(--text-1); }
      @media ${narrow} {
        .glass { padding: var(--space-4); gap: var(--space-2) var(--space-3); grid-template-columns: auto 1fr; align-items: start; }
        h1 { font: var(--type-lead); text-wrap: wrap; }
        .detail { font: var(--type-body); grid-column: 1 / -1; }
        .open { grid-row: auto; grid-column: 1 / -1; }
        .open a { display: flex; }
      }
      @media ${solid} { .glass { backdrop-filter: none; border-color: currentColor; } }
      @media ${forced} { .glass { border: var(--stroke) solid CanvasText; } }
    `,
  ];

  protected override render() {
    const said = this.sentence;
    const detail = this.below ?? said?.detail;
    if (!said) return html`<div class="glass"><sre-state state="unknown" size="large" silent></sre-state><h1>${this.instead}</h1></div>`;
    return html`<div class="glass ${colourOf(said.state)}">
      <sre-state .state=${said.state} size="large"></sre-state>
      <h1 title=${said.cites.map((cite) => cite.text).join(", ")}>${coded(said.text)}</h1>
      ${detail ? html`<p class="detail">${coded(detail)}</p>` : nothing}
      ${
        this.opens && said.incident !== null
          ? html`<div class="open"><a class="button" href="incidents/${said.incident}">Open incident ${said.incident}</a></div>`
          : nothing
      }
    </div>`;
  }
}
