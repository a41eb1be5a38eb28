// `<sre-feed>`: the last facts, newest first. Under the pointer it holds still and counts what is newer.
import { css, html, nothing } from "lit";
import { customElement, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { FeedFact } from "../api/types.ts";
import { coded } from "../elements/coded.ts";
import { moment } from "../elements/moment.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { narrow, shared } from "../elements/shared.ts";
import { Held } from "../state/held.ts";
import { Narrow } from "../state/narrow.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { later, many } from "../words/numbers.ts";
import "../elements/state-shape.ts";

const SHOWN = 12;

@customElement("sre-feed")
export class Feed extends PageElement {
  @state() private open: boolean | undefined;
  private shown: readonly FeedFact[] = [];
  private readonly held = new Held(this);
  private readonly narrow = new Narrow(this);

  static override styles = [
    shared,
    css`
      ol { display: grid; }
      li { display: grid; grid-template-columns: auto auto 1fr; gap: 0 var(--space-3); align-items: center; min-height: var(--row); padding-block: var(--space-1); border-block-start: var(--hairline) solid var(--line); }
      li .at { inline-size: calc(2 * var(--lane-name) - var(--space-5)); color: var(--text-2); white-space: nowrap; }
      li .after { inline-size: var(--lane-name); white-space: nowrap; color: var(--text-3); }
      li .what { display: flex; gap: var(--space-3); align-items: center; min-width: 0; }
      .who { inline-size: var(--lane-name); color: var(--text-2); flex: none; }
      .folded { margin: 0; }
      @media ${narrow} { li { grid-template-columns: auto 1fr; } li .what { grid-column: 1 / -1; flex-wrap: wrap; gap: 0 var(--space-2); } li .what .words { flex-basis: 100%; } .who { inline-size: auto; } }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const facts = [...store.panels.feed.values()].slice(0, SHOWN);
    if (!this.held.now || !this.shown.length) this.shown = facts;
    const known = new Set(this.shown.map((fact) => fact.id));
    const newer = facts.filter((fact) => !known.has(fact.id)).length;
    const open = this.isOpen;
    return html`<section class="panel" aria-labelledby="heading">
      <div class="head ${open ? "" : "folded"}"><h2 id="heading">Facts</h2><span class="second small">${newer ? `${newer} newer` : ""}</span>
        ${facts.length ? html`<button class="quiet push" aria-expanded=${open} @click=${this.toggle}>${open ? "Fold" : `Show the last ${many(facts.length, "fact")}`}</button>` : html`<span class="second">No fact is recorded yet.</span>`}</div>
      ${open && facts.length ? this.list() : nothing}</section>`;
  }

  /** Folded when all is well, and on a phone, until somebody unfolds it. */
  private get isOpen(): boolean {
    return this.open ?? (store.panels.loops.size > 0 && !this.narrow.is);
  }

  private list() {
    if (!this.shown.length) return note("No fact is recorded yet.");
    return html`<ol>${repeat(
      this.shown,
      (fact) => fact.id,
      (fact) => html`<li><span class="at">${moment(fact.at)}</span><span class="after">${later(fact.after_s)}</span>
        <span class="what"><sre-state .state=${fact.state} size="small"></sre-state><a href="incidents/${fact.incident}">${fact.incident}</a><span class="who">${fact.agent}</span><span class="words">${coded(fact.text)}</span></span></li>`,
    )}</ol>`;
  }

  private toggle(): void {
    this.open = !this.isOpen;
  }
}
