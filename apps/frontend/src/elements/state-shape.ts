// `<sre-state>`: a state's shape, named for a screen reader unless the words stand beside it.
import { css, html, nothing, type PropertyValues } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { State } from "../api/types.ts";
import { colourOf, wordOf } from "../words/states.ts";
import { PageElement } from "./page-element.ts";
import { forced, shared } from "./shared.ts";
import { shapeOf } from "./shapes.ts";

@customElement("sre-state")
export class StateShape extends PageElement {
  @property() state: State = "unknown";
  /** The words stand beside it. */
  @property({ type: Boolean }) silent = false;
  @property({ reflect: true }) size = "";

  static override styles = [
    shared,
    css`
      :host { display: inline-block; flex: none; line-height: 0; }
      svg { inline-size: var(--shape); block-size: var(--shape); overflow: visible; }
      :host([size="large"]) svg { inline-size: var(--shape-large); block-size: var(--shape-large); }
      :host([size="small"]) svg { inline-size: var(--shape-small); block-size: var(--shape-small); }
      svg { color: var(--unknown); }
      svg.well { color: var(--well); }
      svg.degraded { color: var(--degraded); }
      svg.failing { color: var(--failing); }
      svg.acting { color: var(--acting); }
      .fill { fill: currentColor; }
      .ink { stroke: var(--ink-on-failing); stroke-width: 2; fill: none; stroke-linecap: round; }
      .ring { fill: none; stroke: currentColor; stroke-width: 2; }
      .dashed { stroke-dasharray: 3.4 2.88; }
      .faint { opacity: 0.35; }
      .pulse { animation: pulse var(--time-pulse) ease-out 1; }
      @keyframes pulse { from { transform: scale(1.9); opacity: 0.2; } }
      @media ${forced} { svg { forced-color-adjust: none; color: CanvasText !important; } .ink { stroke: Canvas; } }
    `,
  ];

  private changedOnce = false;

  protected override willUpdate(changes: PropertyValues<this>): void {
    this.changedOnce = this.changedOnce || (changes.has("state") && changes.get("state") !== undefined && this.hasUpdated);
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (!changes.has("state") || !this.changedOnce) return;
    const drawing = this.renderRoot.querySelector("svg");
    drawing?.classList.remove("pulse");
    requestAnimationFrame(() => drawing?.classList.add("pulse"));
  }

  protected override render() {
    return html`<svg viewBox="0 0 16 16" class=${colourOf(this.state)} role=${this.silent ? nothing : "img"}
      aria-label=${this.silent ? nothing : wordOf(this.state)} aria-hidden=${this.silent ? "true" : nothing}>${shapeOf(this.state)}</svg>`;
  }
}
