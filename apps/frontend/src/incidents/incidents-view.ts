// `<sre-incidents>`: the week in a sentence, the list with its filters, and lessons found by meaning.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { read } from "../api/client.ts";
import type { IncidentRow, Incidents, Lessons } from "../api/types.ts";
import { loadingNote, note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { go } from "../routing/router.ts";
import { Narrow } from "../state/narrow.ts";
import { store } from "../state/store.ts";
import { Loading, Watching } from "../state/watching.ts";
import { typing } from "../tokens.ts";
import { count, many } from "../words/numbers.ts";
import { question, searching } from "./filters.ts";
import "../elements/sentence.ts";
import "./filter-bar.ts";
import "./incident-cards.ts";
import "./incident-table.ts";
import "./lessons.ts";
import "./week-strip.ts";

@customElement("sre-incidents")
export class IncidentsView extends PageElement {
  @property({ attribute: false }) query = new URLSearchParams();
  @state() private further: readonly IncidentRow[] = [];
  @state() private next: number | null = null;
  private newest = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly list = new Loading<Incidents>(this);
  private readonly lessons = new Loading<Lessons>(this);
  private readonly narrow = new Narrow(this);

  static override styles = [
    shared,
    css`
      .grid { display: grid; gap: var(--space-4); grid-template-columns: minmax(0, 1fr); }
      .tools { display: flex; flex-wrap: wrap; gap: var(--space-2) var(--space-4); align-items: center; margin-block-end: var(--space-3); }
      input { flex: 1 1 var(--search); max-inline-size: var(--sheet); min-height: var(--row); }
      .more { margin-block-start: var(--space-3); }
    `,
  ];

  constructor() {
    super();
    new Watching(this, () => this.renew());
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    if (!changes.has("query")) return;
    this.further = [];
    this.next = null;
    this.list.load(`incidents?${question(this.query)}`, true);
    const text = this.query.get("q");
    if (text) this.lessons.load(`lessons?${new URLSearchParams({ q: text })}`, true);
    else this.lessons.clear();
  }

  protected override render() {
    const list = this.list.value;
    return html`<div class="grid">
      <sre-sentence .sentence=${list?.sentence} instead=${this.list.problem?.detail ?? "Reading the incidents …"}></sre-sentence>
      ${list ? html`<sre-week .week=${list.week} .marks=${[...store.panels.marks.values()]}></sre-week>` : nothing}
      <section class="panel" aria-labelledby="heading">
        <div class="head"><h2 id="heading">Incidents</h2><span class="second small" aria-live="polite">${list ? `${count(list.matching)} of ${many(list.total, "incident")}` : ""}</span></div>
        <div class="tools"><input type="search" id="search" placeholder="Search incidents and lessons" aria-label="Search incidents and lessons" .value=${this.query.get("q") ?? ""} @input=${this.search}>
          <sre-filters .query=${this.query} .facets=${list?.facets}></sre-filters></div>
        ${loadingNote(this.list, "the incidents")}${list ? this.rows(list) : nothing}
      </section>
      ${this.query.get("q") ? html`<sre-lessons .lessons=${this.lessons.value} .problem=${this.lessons.problem}></sre-lessons>` : nothing}
    </div>`;
  }

  /** Put the cursor into the search. */
  focusSearch(): void {
    this.renderRoot.querySelector<HTMLInputElement>("#search")?.focus();
  }

  private rows(list: Incidents) {
    const rows = [...list.incidents, ...this.further];
    if (!rows.length) return note(list.total ? "No incident matches." : "No incident is recorded. When Scout detects one, it opens here.");
    const next = this.further.length ? this.next : list.next;
    return html`${this.narrow.is ? html`<sre-incident-cards .rows=${rows}></sre-incident-cards>` : html`<sre-incident-table .rows=${rows}></sre-incident-table>`}
      ${next === null ? nothing : html`<button class="more" @click=${() => this.load(next)}>Show older</button>`}`;
  }

  private search(event: Event): void {
    const text = (event.target as HTMLInputElement).value;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => go(searching(this.query, text), true), typing);
  }

  private async load(before: number): Promise<void> {
    const asked = question(this.query);
    asked.set("before", String(before));
    const answer = await read<Incidents>(`incidents?${asked}`);
    if (!answer.ok) return this.wish({ what: "notice", text: answer.problem.detail, bad: true });
    this.further = [...this.further, ...answer.value.incidents];
    this.next = answer.value.next;
  }

  private renew(): void {
    const fact = store.panels.feed.keys().next().value ?? "";
    if (fact === this.newest) return;
    const first = this.newest === "";
    this.newest = fact;
    if (!first) this.list.reload();
  }
}
