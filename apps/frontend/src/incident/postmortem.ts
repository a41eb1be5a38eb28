// `<sre-postmortem>`: the report of a finished incident; every sentence comes from a fact.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { IncidentAnswer } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { rich } from "../elements/rich.ts";
import { shared } from "../elements/shared.ts";
import { richStyles } from "./rich-styles.ts";

@customElement("sre-postmortem")
export class PostMortem extends PageElement {
  @property({ attribute: false }) shown!: IncidentAnswer;

  static override styles = [shared, richStyles, css`:host { scroll-margin-block-start: var(--bar); }`];

  protected override render() {
    const report = this.shown.postmortem;
    if (!report) return this.shown.is_open ? nothing : html`<section class="panel"><h2>Post-mortem</h2><p class="second">None was written.</p></section>`;
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Post-mortem</h2><button class="quiet push" @click=${() => this.copy(report.markdown)}>Copy as Markdown</button></div>${rich(report.html)}</section>`;
  }

  private async copy(text: string): Promise<void> {
    await navigator.clipboard?.writeText(text);
    this.wish({ what: "notice", text: "The post-mortem is copied as Markdown." });
  }
}
