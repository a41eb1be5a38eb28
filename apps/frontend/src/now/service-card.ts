// A service as a card of two lines, on a phone.
import { html, nothing, type TemplateResult } from "lit";
import type { ServiceNow } from "../api/types.ts";
import { store } from "../state/store.ts";
import { percent, rate, seconds } from "../words/numbers.ts";
import { serviceWords, stateShown } from "./service-words.ts";
import "../elements/state-shape.ts";

/** The card: name and incident, what is wrong, the three numbers. */
export function serviceCard(row: ServiceNow): TemplateResult {
  const link = row.incident === null ? nothing : html`<a href="incidents/${row.incident}">incident ${row.incident}</a>`;
  return html`<li><span class="name"><sre-state .state=${stateShown(row, store.panels.loops.get(String(row.incident)))}></sre-state>${row.name}${link}</span>
    <span class="second words">${serviceWords(row)}</span>
    <span class="numbers"><span>${rate(row.rate)}</span><span>errors ${percent(row.errors)}</span><span>p95 ${seconds(row.p95_s)}</span></span></li>`;
}
