// `<sre-trace-view>`: a trace of the store, of no incident.
import { html } from "lit";
import { customElement, property } from "lit/decorators.js";
import { PageElement } from "../elements/page-element.ts";
import "./trace-panel.ts";

@customElement("sre-trace-view")
export class TraceView extends PageElement {
  @property() trace = "";

  protected override render() {
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h1 id="heading">Trace</h1><span class="mono second">${this.trace}</span></div><sre-trace path="traces/${this.trace}"></sre-trace></section>`;
  }
}
