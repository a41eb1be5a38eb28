// `<sre-incident-head>`: which incident this is, since when, and its links.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { moment } from "../elements/moment.ts";
import { PageElement } from "../elements/page-element.ts";
import { narrow, shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { seconds } from "../words/numbers.ts";
import "../elements/state-shape.ts";

@customElement("sre-incident-head")
export class IncidentHead extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [
    shared,
    css`
      .row { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-2) var(--space-3); }
      .push { margin-inline-start: auto; display: flex; flex-wrap: wrap; gap: var(--space-2); }
      strong { font: var(--type-title); }
      @media ${narrow} { .hold { display: none; } .push { margin: 0; } .push button, .push a { background: transparent; border-color: transparent; padding-inline: 0 var(--space-3); font: var(--type-body); color: var(--focus); } }
    `,
  ];

  protected override render() {
    const shown = this.shown;
    const lasted = ((shown.ended ?? store.now()) - shown.since) / 1000;
    return html`<div class="row">
      <sre-state .state=${shown.state}></sre-state><strong>Incident ${shown.number}</strong>
      <span class="words">${shown.kind}, ${shown.services.join(", ")}</span><span class="chip">${shown.phase}</span>
      <span class="second">${moment(shown.since)}, ${shown.is_open ? "for" : "lasted"} ${seconds(lasted)}</span>
      <span class="push">
        ${shown.is_open ? html`<button class="hold" @click=${this.hold}>Hold</button>` : nothing}
        <button @click=${() => this.copy(location.href, "The link is copied.")}>Copy link</button>
        <button @click=${() => this.copy(shown.markdown, "The story is copied as Markdown.")}>Copy as Markdown</button>
        ${shown.url ? html`<a class="button" href=${shown.url} target="_blank" rel="noreferrer">Issue</a>` : nothing}
      </span></div>`;
  }

  private hold(): void {
    this.wish({ what: "hold", services: this.shown.snapshot.map((row) => row.service) });
  }

  private async copy(text: string, done: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.wish({ what: "notice", text: done });
    } catch {
      this.wish({ what: "notice", text: "The browser does not allow copying on this address.", bad: true });
    }
  }
}
