// `<sre-banners>`: when what is below is not to be relied on, why: no connection, a stale source, a clock that is off.
import { css, html } from "lit";
import { customElement } from "lit/decorators.js";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { banners } from "./banner-words.ts";
import "../elements/state-shape.ts";

@customElement("sre-banners")
export class Banners extends PageElement {
  static override styles = [
    shared,
    css`p { display: flex; gap: var(--space-3); align-items: center; padding: var(--space-2) var(--space-4); margin-block-end: var(--space-3); border: var(--hairline) dashed var(--text-3); border-radius: var(--radius-panel); background: var(--panel); color: var(--text-1); }`,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const words = banners({
      connection: store.connection,
      refused: store.refused,
      quietFor: store.heard ? Date.now() - store.heard : 0,
      heardAt: store.at,
      ahead: store.ahead,
      sources: store.panels.sources.get(""),
    });
    return html`<div role="status">${words.map((text) => html`<p><sre-state state="unknown" size="small" silent></sre-state><span class="words">${text}</span></p>`)}</div>`;
  }
}
