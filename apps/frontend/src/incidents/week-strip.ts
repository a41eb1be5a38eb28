// `<sre-week>`: seven days, each with its incidents, and the week as Markdown.
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Mark, Week } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { place } from "../elements/place.ts";
import { forced, narrow, shared } from "../elements/shared.ts";
import { count } from "../words/numbers.ts";
import { weekdayOf } from "../words/times.ts";

const DAY = 86_400_000;

@customElement("sre-week")
export class WeekStrip extends PageElement {
  @property({ attribute: false }) week!: Week;
  @property({ attribute: false }) marks: readonly Mark[] = [];

  static override styles = [
    shared,
    css`
      ol { display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); gap: var(--space-2); }
      li { display: grid; gap: var(--space-1); align-content: end; min-width: 0; }
      .track { display: grid; align-items: end; block-size: var(--day); border-block-end: var(--hairline) solid var(--line); }
      .bar { inline-size: min(100%, var(--day-bar)); background: var(--text-3); border-start-start-radius: var(--edge); border-start-end-radius: var(--edge); }
      .day { display: flex; flex-wrap: wrap; gap: 0 var(--space-2); font: var(--type-small); color: var(--text-2); }
      @media ${narrow} { .noun { display: none; } }
      @media ${forced} { .bar { inline-size: min(100%, var(--day-bar)); background: CanvasText; } }
    `,
  ];

  protected override render() {
    const { strip, until } = this.week;
    const most = Math.max(1, ...strip);
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Seven days</h2><button class="push" @click=${this.copy}>Report as Markdown</button></div>
      <ol>${strip.map((number, index) => this.day(number, most, until - (strip.length - 1 - index) * DAY))}</ol></section>`;
  }

  private day(number: number, most: number, until: number) {
    const changes = this.marks.filter((mark) => mark.kind === "change" && mark.at <= until && mark.at > until - DAY).length;
    return html`<li><div class="track" aria-hidden="true"><div class="bar" ${place({ "block-size": `${(number / most) * 100}%` })}></div></div>
      <div class="day"><span>${weekdayOf(until)}</span><span class="third">${number ? html`${count(number)}<span class="noun"> incident${number === 1 ? "" : "s"}</span>` : "none"}${changes ? ` ▽${changes}` : ""}</span></div></li>`;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.week.markdown);
      this.wish({ what: "notice", text: "The report of the week is copied as Markdown." });
    } catch {
      this.wish({ what: "notice", text: "The browser does not allow copying on this address.", bad: true });
    }
  }
}
