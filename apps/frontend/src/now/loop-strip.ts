// `<sre-loop>`: one open incident as its steps: done in, doing, waits for. On a phone "step 5 of 7".
import { css, html, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Loop, LoopStep } from "../api/types.ts";
import { PageElement } from "../elements/page-element.ts";
import { forced, narrow, shared } from "../elements/shared.ts";
import { store } from "../state/store.ts";
import { Watching } from "../state/watching.ts";
import { countdown, seconds } from "../words/numbers.ts";
import { stepWords, tookWords, waitsFor } from "./loop-words.ts";
import "../elements/state-shape.ts";

@customElement("sre-loop")
export class LoopStrip extends PageElement {
  @property({ attribute: false }) loop!: Loop;
  /** Whether its number links to the incident. */
  @property({ type: Boolean }) linked = false;

  static override styles = [
    shared,
    css`
      .strip { display: grid; gap: var(--space-2); padding: var(--space-3) var(--space-4); }
      .top { display: flex; flex-wrap: wrap; align-items: center; gap: var(--space-1) var(--space-3); }
      .top .push { margin-inline-start: auto; }
      ol { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: var(--space-1); }
      li { display: grid; gap: var(--space-1); align-content: start; min-width: 0; padding-block-start: var(--space-2); border-block-start: var(--edge) solid var(--line); color: var(--text-3); font: var(--type-small); }
      li.done { border-color: var(--text-3); color: var(--text-2); }
      li.doing { border-color: var(--acting); color: var(--text-1); }
      li.waits { border-color: var(--degraded); color: var(--text-1); border-block-start-style: dashed; }
      li.skipped { border-block-start-style: dotted; }
      .name { font: var(--type-strong); }
      .took { margin-inline-start: var(--space-2); font: var(--type-small); color: var(--text-2); }
      .text { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; overflow-wrap: anywhere; min-block-size: calc(2 * var(--space-4)); }
      .narrow { display: none; }
      @media ${narrow} { ol { display: none; } .top .push { margin: 0; } .narrow { display: block; } .strip { padding: var(--space-3) var(--space-4); } }
      @media ${forced} { li.doing, li.waits { border-block-start-width: var(--space-1); } }
    `,
  ];

  constructor() {
    super();
    new Watching(this);
  }

  protected override render() {
    const loop = this.loop;
    const steps = loop.steps.filter((step) => step.state !== "skipped" || step.text);
    const title = `Incident ${loop.incident}`;
    return html`<section class="panel strip" aria-label="${title}, the agents' steps">
      <div class="top"><sre-state .state=${loop.state}></sre-state>
        ${this.linked ? html`<strong><a href="incidents/${loop.incident}">${title}</a></strong>
        <span class="second words">${loop.kind}, ${loop.services.join(", ")}</span>` : html`<strong>The agents</strong>`}${loop.attempt > 1 ? html`<span class="second">attempt ${loop.attempt}</span>` : nothing}
        <span class="push second">${this.waiting(loop)}</span></div>
      ${loop.frozen ? html`<p class="words"><sre-state state="unknown" size="small"></sre-state> Its record cannot be trusted: ${loop.frozen}</p>` : nothing}
      <ol>${steps.map((step) => this.step(step))}</ol>
      <p class="narrow second">${this.inShort(steps)}</p>
    </section>`;
  }

  private waiting(loop: Loop): string {
    if (!loop.waits_for) return "";
    const left = loop.expires && loop.waits_for_person ? `, ${countdown(loop.expires - store.now())} left` : "";
    const late = loop.overdue_s ? `, ${seconds(loop.overdue_s)} late` : "";
    return `${waitsFor(loop.waits_for)}${left}${late}`;
  }

  private step(step: LoopStep) {
    const current = step.state === "doing" || step.state === "waits";
    return html`<li class=${step.state} aria-current=${current ? "step" : nothing} title="${step.agent}: ${step.text || step.step}">
      <span class="name line">${step.step}<span class="unseen">, ${step.state}</span><span class="took">${tookWords(step)}</span></span><span class="text">${wrapped(stepWords(step)) || " "}</span></li>`;
  }

  private inShort(steps: readonly LoopStep[]): string {
    const index = steps.findIndex((step) => step.state === "doing" || step.state === "waits");
    const step = steps[index];
    return step ? `Step ${index + 1} of ${steps.length}, ${step.step}: ${stepWords(step)}` : `All ${steps.length} steps are done`;
  }
}

/** The words with a place to wrap after each part of a long name. */
function wrapped(words: string): string {
  return words.replaceAll("_", "_\u200b");
}
