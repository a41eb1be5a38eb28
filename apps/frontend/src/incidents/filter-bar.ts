// `<sre-filters>`: a menu for each filter; on a phone one button that opens a sheet.
import { css, html, nothing } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Facets } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import type { Sheet } from "../elements/sheet.ts";
import { go } from "../routing/router.ts";
import { Narrow } from "../state/narrow.ts";
import { count } from "../words/numbers.ts";
import { FILTERS, type Filter, filtersOn, switched } from "./filters.ts";
import "../elements/sheet.ts";

@customElement("sre-filters")
export class Filters extends PageElement {
  @property({ attribute: false }) query = new URLSearchParams();
  @property({ attribute: false }) facets: Facets | undefined;
  @query("sre-sheet") private sheet!: Sheet;
  private readonly narrow = new Narrow(this);

  static override styles = [
    shared,
    css`
      .bar { display: flex; flex-wrap: wrap; gap: var(--space-2); align-items: center; }
      details { position: relative; }
      summary { list-style: none; display: flex; align-items: center; gap: var(--space-2); min-height: var(--row); padding-inline: var(--space-3); border: var(--hairline) solid var(--line); border-radius: var(--radius-chip); background: var(--raised); }
      summary::-webkit-details-marker { display: none; }
      summary::after { content: "▾"; color: var(--text-3); }
      summary.on { border-color: var(--focus); }
      .menu { position: absolute; z-index: 2; inset-block-start: calc(100% + var(--space-1)); inset-inline-end: 0; min-inline-size: var(--column); padding: var(--space-2); background: var(--panel); border: var(--hairline) solid var(--line); border-radius: var(--radius-panel); box-shadow: 0 var(--space-2) var(--glow) var(--shade); }
      label { display: flex; align-items: center; gap: var(--space-2); min-height: var(--target); padding-inline: var(--space-2); border-radius: var(--radius-chip); cursor: pointer; }
      label:hover { background: var(--raised); }
      label .n { margin-inline-start: auto; color: var(--text-3); }
      input { min-height: 0; inline-size: var(--space-4); block-size: var(--space-4); accent-color: var(--focus); }
      fieldset { border: 0; margin: 0 0 var(--space-3); padding: 0; }
      legend { font: var(--type-label); color: var(--text-2); text-transform: uppercase; letter-spacing: var(--tracking-label); padding: 0; }
      .sheet label { min-height: var(--touch); }
    `,
  ];

  protected override render() {
    const on = filtersOn(this.query);
    if (!this.narrow.is) return html`<div class="bar">${FILTERS.map((filter) => this.menu(filter))}${on ? html`<a href="incidents">Clear</a>` : nothing}</div>`;
    return html`<button @click=${() => this.sheet.show()}>Filter${on ? ` (${on})` : ""}</button>
      <sre-sheet heading="Filter"><div class="sheet">${FILTERS.map((filter) => html`<fieldset><legend>${filter}</legend>${this.values(filter)}</fieldset>`)}
        <button autofocus class="first" @click=${() => this.sheet.close()}>Show the incidents</button></div></sre-sheet>`;
  }

  private menu(filter: Filter) {
    const on = this.query.getAll(filter).length;
    return html`<details name="filter" @keydown=${this.key}><summary class=${on ? "on" : ""}>${filter}${on ? ` (${on})` : ""}</summary><div class="menu" role="group" aria-label=${filter}>${this.values(filter)}</div></details>`;
  }

  private values(filter: Filter) {
    const chosen = this.query.getAll(filter);
    const values = Object.entries(this.facets?.[filter] ?? {});
    const gone = chosen.filter((value) => !values.some(([name]) => name === value)).map((value) => [value, 0] as const);
    if (!values.length && !gone.length) return html`<p class="third small">nothing to choose</p>`;
    return [...values, ...gone].map(
      ([value, number]) => html`<label><input type="checkbox" .checked=${chosen.includes(value)} @change=${() => go(switched(this.query, filter, value), true)}><span>${value}</span><span class="n">${count(number)}</span></label>`,
    );
  }

  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    const details = event.currentTarget as HTMLDetailsElement;
    details.open = false;
    details.querySelector("summary")?.focus();
  }
}
