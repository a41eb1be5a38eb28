// `<sre-services>`: one row a service, by impact. The order settles, and holds still under the pointer.
import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ServiceNow } from "../api/types.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { Held } from "../state/held.ts";
import { Narrow } from "../state/narrow.ts";
import { Settled } from "../state/settled.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { resort } from "../tokens.ts";
import { many } from "../words/numbers.ts";
import { serviceCard } from "./service-card.ts";
import { serviceRow } from "./service-row.ts";
import { stateShown } from "./service-words.ts";
import { serviceStyles } from "./service-styles.ts";

const SHOWN = 25;

@customElement("sre-services")
export class Services extends PageElement {
  @state() private query = "";
  @state() private all = false;
  private readonly settled = new Settled(resort);
  private readonly held = new Held(this);
  private readonly narrow = new Narrow(this);

  static override styles = [shared, css`:host { display: grid; } .panel { min-width: 0; }`, serviceStyles];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const services = store.panels.services;
    const order = this.settled.order([...services.keys()], store.now(), this.held.now);
    const rows = order.flatMap((name) => services.get(name) ?? []).filter((row) => row.name.includes(this.query.trim()));
    return html`<section class="panel" aria-labelledby="heading">
      <div class="head"><h2 id="heading">Services</h2><span class="second small">${this.summary([...services.values()])}</span>
        ${services.size > 8 ? html`<input class="push" type="search" placeholder="Find a service" aria-label="Find a service" @input=${this.find}>` : nothing}</div>
      ${services.size ? (this.narrow.is ? this.cards(rows) : this.table(rows)) : note("No service has been reported yet.")}
    </section>`;
  }

  private summary(rows: readonly ServiceNow[]): string {
    const well = rows.filter(isWell).length;
    const unseen = rows.filter((row) => row.state === "blind" || row.state === "unknown").length;
    if (!rows.length) return "";
    if (well === rows.length) return `${many(well, "service")}, all well`;
    if (unseen === rows.length) return `${many(unseen, "service")}, none seen: not known whether they are well`;
    return `${well} of ${rows.length} well${unseen ? `, ${unseen} not seen` : ""}`;
  }

  private table(rows: readonly ServiceNow[]) {
    const shown = this.all ? rows : rows.slice(0, SHOWN);
    return html`<div class="scroll" role="group" tabindex="0" aria-labelledby="heading"><table>
      <thead><tr><th scope="col">Service</th><th scope="col" class="why">State</th><th scope="col" class="n">Rate</th><th scope="col" class="n">Errors</th><th scope="col" class="n">p95</th><th scope="col" class="n memory">Memory</th><th scope="col" class="n restarts">Restarts</th><th scope="col" class="spark">10 min</th></tr></thead>
      <tbody>${repeat(shown, (row) => row.name, serviceRow)}</tbody></table></div>${this.more(rows.length, shown.length)}`;
  }

  private cards(rows: readonly ServiceNow[]) {
    const ill = rows.filter((row) => !isWell(row));
    const well = rows.filter(isWell);
    return html`<ul class="cards">${repeat(ill, (row) => row.name, serviceCard)}</ul>
      ${well.length ? html`<details><summary class="second">${well.length} well</summary><ul class="cards">${repeat(well, (row) => row.name, serviceCard)}</ul></details>` : nothing}`;
  }

  private more(all: number, shown: number) {
    return all > shown ? html`<button class="quiet" @click=${this.showAll}>Show all ${all}</button>` : nothing;
  }

  private find(event: Event): void {
    this.query = (event.target as HTMLInputElement).value;
  }

  private showAll(): void {
    this.all = true;
  }
}

function isWell(row: ServiceNow): boolean {
  return stateShown(row, store.panels.loops.get(String(row.incident))) === "well";
}
