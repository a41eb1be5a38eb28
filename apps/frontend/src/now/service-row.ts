// A service as a row of the table.
import { html, nothing, type TemplateResult } from "lit";
import type { ServiceNow } from "../api/types.ts";
import { store } from "../state/store.ts";
import { bytes, count, percent, rate, seconds } from "../words/numbers.ts";
import { serviceWords, stateShown } from "./service-words.ts";
import "../elements/spark.ts";
import "../elements/state-shape.ts";

/** The row: shape and name, what is wrong in words, its numbers. */
export function serviceRow(row: ServiceNow): TemplateResult {
  const link = row.incident === null ? nothing : html` <a href="incidents/${row.incident}">incident ${row.incident}</a>`;
  const state = stateShown(row, store.panels.loops.get(String(row.incident)));
  return html`<tr class=${state === "well" ? "" : "ill"}>
    <th scope="row"><span class="name"><sre-state .state=${state}></sre-state>${row.name}</span></th>
    <td class="why"><span class="words">${serviceWords(row)}${link}</span></td>
    <td class="n">${rate(row.rate)}</td>
    <td class="n ${(row.errors ?? 0) > 0.01 ? "bad" : ""}">${percent(row.errors)}</td>
    <td class="n">${seconds(row.p95_s)}</td>
    <td class="n memory">${memory(row)}</td>
    <td class="n restarts">${count(row.restarts)}</td>
    <td class="spark"><sre-spark .spark=${store.panels.sparks.get(row.name)} name=${row.name}></sre-spark></td>
  </tr>`;
}

function memory(row: ServiceNow): TemplateResult | string {
  if (row.memory === null || row.memory_limit === null) return bytes(row.memory);
  return html`<span title="${percent(row.memory / row.memory_limit)} of its limit">${bytes(row.memory).replace(/ .*/, "")}<span class="limit"> / ${bytes(row.memory_limit)}</span></span>`;
}
