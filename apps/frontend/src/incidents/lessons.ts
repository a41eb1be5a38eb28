// `<sre-lessons>`: what Memory knows about the words in the search box.
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Lessons, LessonRow, Problem } from "../api/types.ts";
import { note } from "../elements/note.ts";
import { PageElement } from "../elements/page-element.ts";
import { shared } from "../elements/shared.ts";
import { percent } from "../words/numbers.ts";

@customElement("sre-lessons")
export class LessonList extends PageElement {
  @property({ attribute: false }) lessons: Lessons | undefined;
  @property({ attribute: false }) problem: Problem | undefined;

  static override styles = [shared, css`li { padding-block: var(--space-2); border-block-start: var(--hairline) solid var(--line); }`];

  protected override render() {
    return html`<section class="panel" aria-labelledby="heading"><div class="head"><h2 id="heading">Lessons of a like meaning</h2></div>${this.found()}</section>`;
  }

  private found() {
    if (this.problem) return note(this.problem.detail);
    if (!this.lessons) return note("Asking Memory …");
    if (!this.lessons.lessons.length) return note(this.lessons.why || "Nothing like it is remembered.");
    return html`<ul>${this.lessons.lessons.map((lesson) => this.lesson(lesson))}</ul>`;
  }

  private lesson(lesson: LessonRow) {
    return html`<li><p class="words"><a href="incidents/${lesson.incident}">Incident ${lesson.incident}</a>, ${percent(lesson.similarity)} alike: ${lesson.cause}</p>
      <p class="second words">${lesson.remedy ? html`${lesson.remedy}: ${lesson.helped ? "helped" : "did not help"}. ` : nothing}${lesson.text}</p></li>`;
  }
}
